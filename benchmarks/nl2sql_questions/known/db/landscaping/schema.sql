CREATE TABLE customer(cust_no INTEGER PRIMARY KEY, cust_nm VARCHAR, cust_typ VARCHAR, town VARCHAR, phone VARCHAR, reg_dt DATE, ref_cust_no INTEGER);
CREATE TABLE garden(gdn_no INTEGER PRIMARY KEY, cust_no INTEGER, gdn_nm VARCHAR, area_sqm DOUBLE, soil_typ VARCHAR, irrigated BOOLEAN, aspect VARCHAR);
CREATE TABLE crew(crew_no INTEGER PRIMARY KEY, crew_nm VARCHAR, depot VARCHAR, formed_dt DATE, day_rate DECIMAL(8,2));
CREATE TABLE worker(wkr_no INTEGER PRIMARY KEY, wkr_nm VARCHAR, crew_no INTEGER, wkr_role VARCHAR, hire_dt DATE, hr_rate DECIMAL(6,2), left_dt DATE);
CREATE TABLE job(job_no INTEGER PRIMARY KEY, gdn_no INTEGER, crew_no INTEGER, svc_typ VARCHAR, job_stat VARCHAR, sched_dt DATE, start_dt DATE, done_dt DATE, est_hrs DOUBLE, act_hrs DOUBLE, price DECIMAL(10,2));
CREATE TABLE supplier(supp_no INTEGER PRIMARY KEY, supp_nm VARCHAR, town VARCHAR, lead_days INTEGER, delivers BOOLEAN);
CREATE TABLE material(mat_no INTEGER PRIMARY KEY, mat_nm VARCHAR, mat_cat VARCHAR, unit VARCHAR, unit_cost DECIMAL(8,2), supp_no INTEGER);
CREATE TABLE job_material(job_no INTEGER, mat_no INTEGER, qty INTEGER, chg_amt DECIMAL(10,2), PRIMARY KEY(job_no, mat_no));
CREATE TABLE invoice(inv_no INTEGER PRIMARY KEY, job_no INTEGER, inv_dt DATE, due_dt DATE, inv_amt DECIMAL(10,2), paid_dt DATE, inv_stat VARCHAR, pay_mthd VARCHAR);
