CREATE TABLE bkg(bkg_no INTEGER PRIMARY KEY, cust_no INTEGER, slg_id INTEGER, bkg_ts TIMESTAMP, pax_ct INTEGER, veh_ct INTEGER, cbn_typ VARCHAR, tot_amt DECIMAL(10,2), bkg_st VARCHAR, chnl VARCHAR);
CREATE TABLE crw(crw_id INTEGER PRIMARY KEY, crw_nm VARCHAR, rnk VARCHAR, vsl_id INTEGER, hire_dt DATE, mth_sal DECIMAL(10,2), ctry VARCHAR);
CREATE TABLE cust(cust_no INTEGER PRIMARY KEY, cust_nm VARCHAR, eml VARCHAR, ctry VARCHAR, mbr_lvl VARCHAR, reg_dt DATE);
CREATE TABLE inc(inc_id INTEGER PRIMARY KEY, slg_id INTEGER, inc_dt DATE, inc_typ VARCHAR, sev INTEGER, est_cost DECIMAL(10,2));
CREATE TABLE lin(lin_cd VARCHAR PRIMARY KEY, lin_nm VARCHAR, dep_prt VARCHAR, arr_prt VARCHAR, dist_nmi DOUBLE, seas_fl VARCHAR, bas_fare DECIMAL(8,2));
CREATE TABLE pmt(pmt_no INTEGER PRIMARY KEY, bkg_no INTEGER, pmt_ts TIMESTAMP, pmt_amt DECIMAL(10,2), pmt_mthd VARCHAR, pmt_st VARCHAR);
CREATE TABLE prt(prt_cd VARCHAR PRIMARY KEY, prt_nm VARCHAR, ctry VARCHAR, brth_ct INTEGER, veh_ok BOOLEAN);
CREATE TABLE slg(slg_id INTEGER PRIMARY KEY, lin_cd VARCHAR, vsl_id INTEGER, sch_dep TIMESTAMP, sch_arr TIMESTAMP, act_dep TIMESTAMP, act_arr TIMESTAMP, slg_st VARCHAR, cncl_rsn VARCHAR);
CREATE TABLE vsl(vsl_id INTEGER PRIMARY KEY, vsl_nm VARCHAR, vsl_typ VARCHAR, bld_yr INTEGER, pax_cap INTEGER, veh_cap INTEGER, spd_kn DOUBLE, vsl_st VARCHAR, hm_prt VARCHAR);
