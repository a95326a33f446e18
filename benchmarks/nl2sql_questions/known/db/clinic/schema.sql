CREATE TABLE pat(pat_id INTEGER, fname VARCHAR, lname VARCHAR, dob DATE, sex VARCHAR, zip VARCHAR, ins_id INTEGER, reg_dt DATE, email VARCHAR);
CREATE TABLE prov(prov_id INTEGER, prov_nm VARCHAR, spec VARCHAR, hire_dt DATE, active_fl VARCHAR);
CREATE TABLE ins(ins_id INTEGER, ins_nm VARCHAR, plan_typ VARCHAR, copay INTEGER);
CREATE TABLE appt(appt_id INTEGER, pat_id INTEGER, prov_id INTEGER, appt_dt TIMESTAMP, dur_min INTEGER, appt_typ VARCHAR, stat VARCHAR, amt_billed DECIMAL(10,2), amt_paid DECIMAL(10,2));
CREATE TABLE dx(dx_id INTEGER, appt_id INTEGER, icd_cd VARCHAR, dx_desc VARCHAR, prim_fl VARCHAR);
CREATE TABLE rx(rx_id INTEGER, appt_id INTEGER, pat_id INTEGER, prov_id INTEGER, drug_nm VARCHAR, dose_mg INTEGER, qty INTEGER, refills INTEGER, rx_dt DATE);
CREATE TABLE lab(lab_id INTEGER, appt_id INTEGER, pat_id INTEGER, test_cd VARCHAR, res_val DOUBLE, res_unit VARCHAR, abn_fl VARCHAR, coll_dt DATE, res_dt DATE);
