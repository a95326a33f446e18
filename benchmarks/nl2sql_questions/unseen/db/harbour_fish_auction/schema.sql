CREATE TABLE prt(prt_cd VARCHAR PRIMARY KEY, prt_nm VARCHAR, cnty VARCHAR, dpth_m DOUBLE, ice_plt BOOLEAN);
CREATE TABLE boat(boat_no INTEGER PRIMARY KEY, boat_nm VARCHAR, reg_no VARCHAR, hm_prt VARCHAR, len_m DOUBLE, blt_yr INTEGER, gear_cd VARCHAR, act_flg BOOLEAN);
CREATE TABLE skpr(skpr_no INTEGER PRIMARY KEY, skpr_nm VARCHAR, lic_dt DATE, natl VARCHAR, yrs_exp INTEGER);
CREATE TABLE spc(spc_cd VARCHAR PRIMARY KEY, spc_nm VARCHAR, spc_grp VARCHAR, min_len_cm INTEGER, quota_flg BOOLEAN);
CREATE TABLE lndg(lndg_no INTEGER PRIMARY KEY, boat_no INTEGER, skpr_no INTEGER, prt_cd VARCHAR, lndg_ts TIMESTAMP, days_sea INTEGER, fuel_l INTEGER);
CREATE TABLE lot(lot_no INTEGER PRIMARY KEY, lndg_no INTEGER, spc_cd VARCHAR, wt_kg DOUBLE, grd VARCHAR, rsv_px DOUBLE, auc_dt DATE, lot_st VARCHAR);
CREATE TABLE byr(byr_no INTEGER PRIMARY KEY, byr_nm VARCHAR, byr_typ VARCHAR, city VARCHAR, crd_lim INTEGER, act_flg BOOLEAN, reg_dt DATE);
CREATE TABLE bid(bid_no INTEGER PRIMARY KEY, lot_no INTEGER, byr_no INTEGER, bid_px DOUBLE, bid_ts TIMESTAMP, ok_flg VARCHAR);
CREATE TABLE sale(sale_no INTEGER PRIMARY KEY, lot_no INTEGER, byr_no INTEGER, px_kg DOUBLE, tot_amt DOUBLE, sale_dt DATE, paid_dt DATE);
