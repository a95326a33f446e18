CREATE TABLE inst(inst_id INTEGER PRIMARY KEY, inst_nm VARCHAR, ctry VARCHAR, cont VARCHAR);
CREATE TABLE astronomer(ast_id INTEGER PRIMARY KEY, ast_nm VARCHAR, inst_id INTEGER, eml VARCHAR, pos VARCHAR, n_publ INTEGER, reg_dt DATE);
CREATE TABLE telescope(tel_id INTEGER PRIMARY KEY, tel_nm VARCHAR, site_nm VARCHAR, ctry VARCHAR, apert_m DOUBLE, tel_typ VARCHAR, fl_yr INTEGER, elev_m INTEGER, stat_cd VARCHAR);
CREATE TABLE target(tgt_id INTEGER PRIMARY KEY, tgt_nm VARCHAR, obj_typ VARCHAR, constel VARCHAR, ra_deg DOUBLE, dec_deg DOUBLE, v_mag DOUBLE, z_shift DOUBLE);
CREATE TABLE proposal(prop_id INTEGER PRIMARY KEY, prop_cd VARCHAR, ttl VARCHAR, pi_id INTEGER, tel_id INTEGER, sem_cd VARCHAR, sub_dt DATE, hrs_req DOUBLE, hrs_alloc DOUBLE, tac_scr DOUBLE, stat_cd VARCHAR);
CREATE TABLE prop_target(prop_id INTEGER, tgt_id INTEGER, prio INTEGER, PRIMARY KEY(prop_id, tgt_id));
CREATE TABLE prop_coi(prop_id INTEGER, ast_id INTEGER, PRIMARY KEY(prop_id, ast_id));
CREATE TABLE observation(obs_id INTEGER PRIMARY KEY, prop_id INTEGER, tel_id INTEGER, tgt_id INTEGER, ast_id INTEGER, obs_ts TIMESTAMP, exp_s INTEGER, filt VARCHAR, seeing DOUBLE, airmass DOUBLE, qual_cd VARCHAR);
CREATE TABLE night_log(log_id INTEGER PRIMARY KEY, tel_id INTEGER, nt_dt DATE, hrs_lost DOUBLE, loss_rsn VARCHAR, moon_pct INTEGER, oper_nm VARCHAR);
