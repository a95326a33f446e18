CREATE TABLE dim_date(date_key INTEGER, full_date DATE, year_no INTEGER, quarter_no INTEGER, month_no INTEGER, month_name VARCHAR, day_name VARCHAR, is_weekend BOOLEAN, is_holiday BOOLEAN);
CREATE TABLE dim_carrier(carrier_key INTEGER, carrier_name VARCHAR, transport_mode VARCHAR, offers_tracking BOOLEAN);
CREATE TABLE dim_warehouse(warehouse_key INTEGER, warehouse_code VARCHAR, warehouse_name VARCHAR, city VARCHAR, country VARCHAR, floor_area_sqm INTEGER);
CREATE TABLE dim_customer(customer_key INTEGER, customer_name VARCHAR, segment VARCHAR, country VARCHAR, credit_class VARCHAR, credit_limit_eur INTEGER);
CREATE TABLE dim_product(product_key INTEGER, sku VARCHAR, product_name VARCHAR, category VARCHAR, unit_weight_kg DECIMAL(8,2), handling_type VARCHAR, unit_price_eur DECIMAL(8,2));
CREATE TABLE fct_shipment(shipment_key INTEGER, shipment_no VARCHAR, ship_date_key INTEGER, promised_date_key INTEGER, delivered_date_key INTEGER, customer_key INTEGER, warehouse_key INTEGER, carrier_key INTEGER, shipment_status VARCHAR, freight_cost_eur DECIMAL(10,2), discount_pct INTEGER);
CREATE TABLE fct_shipment_line(shipment_key INTEGER, line_no INTEGER, product_key INTEGER, quantity INTEGER, gross_weight_kg DECIMAL(10,2));
CREATE TABLE fct_stock(warehouse_key INTEGER, product_key INTEGER, snapshot_date_key INTEGER, on_hand_qty INTEGER, reorder_level INTEGER);
CREATE TABLE fct_claim(claim_key INTEGER, shipment_key INTEGER, claim_reason VARCHAR, claimed_eur DECIMAL(10,2), paid_eur DECIMAL(10,2), claim_status VARCHAR);
