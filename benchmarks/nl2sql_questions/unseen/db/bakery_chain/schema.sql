CREATE TABLE branch(br_id INTEGER PRIMARY KEY, br_nm VARCHAR NOT NULL, city VARCHAR, region VARCHAR, open_dt DATE, floor_sqm INTEGER, seats INTEGER, is_open BOOLEAN);
CREATE TABLE product(pr_id INTEGER PRIMARY KEY, pr_nm VARCHAR NOT NULL, categ VARCHAR, list_price DECIMAL(6,2), unit_cost DECIMAL(6,2), shelf_days INTEGER, vegan BOOLEAN, launch_dt DATE, discontinued BOOLEAN);
CREATE TABLE ingredient(ing_id INTEGER PRIMARY KEY, ing_nm VARCHAR NOT NULL, uom VARCHAR, allergen VARCHAR, cost_per_uom DECIMAL(8,2), min_stock INTEGER);
CREATE TABLE recipe(pr_id INTEGER, ing_id INTEGER, qty DOUBLE);
CREATE TABLE supplier(sup_id INTEGER PRIMARY KEY, sup_nm VARCHAR NOT NULL, town VARCHAR, country VARCHAR, since_dt DATE, rating INTEGER, pay_days INTEGER);
CREATE TABLE delivery(dlv_id INTEGER PRIMARY KEY, sup_id INTEGER, br_id INTEGER, ing_id INTEGER, qty INTEGER, cost DECIMAL(10,2), ord_dt DATE, due_dt DATE, arr_dt DATE, stat VARCHAR);
CREATE TABLE staff(stf_id INTEGER PRIMARY KEY, stf_nm VARCHAR NOT NULL, br_id INTEGER, job VARCHAR, hr_wage DECIMAL(6,2), hire_dt DATE, leave_dt DATE);
CREATE TABLE orders(ord_id INTEGER PRIMARY KEY, br_id INTEGER, cust_nm VARCHAR, channel VARCHAR, placed_at TIMESTAMP, disc_pct INTEGER, stat VARCHAR);
CREATE TABLE order_line(ord_id INTEGER, pr_id INTEGER, qty INTEGER, price DECIMAL(6,2));
