CREATE TABLE site(site_id VARCHAR, site_nm VARCHAR, ctry VARCHAR, pi_nm VARCHAR, actv_dt DATE, target_enrl INTEGER);
CREATE TABLE arm(arm_cd VARCHAR, arm_desc VARCHAR, dose_mg INTEGER, is_active_trt BOOLEAN);
CREATE TABLE subj(subj_id VARCHAR, site_id VARCHAR, arm_cd VARCHAR, sex VARCHAR, age_yrs INTEGER, fitz_type VARCHAR, wt_kg DECIMAL(5,1), scrn_dt DATE, rand_dt DATE, disc_dt DATE, disc_rsn VARCHAR, stat VARCHAR);
CREATE TABLE vst(subj_id VARCHAR, vst_num INTEGER, vst_nm VARCHAR, vst_dt DATE, done_flg VARCHAR);
CREATE TABLE asmt(subj_id VARCHAR, vst_num INTEGER, easi_scr DECIMAL(5,1), iga INTEGER, itch_nrs INTEGER);
CREATE TABLE lab_rslt(subj_id VARCHAR, vst_num INTEGER, test_cd VARCHAR, rslt_val DOUBLE, unit VARCHAR, ref_lo DOUBLE, ref_hi DOUBLE);
CREATE TABLE adv_evt(ae_id VARCHAR, subj_id VARCHAR, ae_term VARCHAR, sev VARCHAR, ser_flg VARCHAR, rel_to_trt VARCHAR, st_dt DATE, en_dt DATE);
CREATE TABLE con_med(subj_id VARCHAR, cm_seq INTEGER, drug_nm VARCHAR, drug_cls VARCHAR, st_dt DATE, en_dt DATE);
CREATE TABLE data_qry(qry_id INTEGER, site_id VARCHAR, qry_type VARCHAR, open_dt DATE, close_dt DATE, prio VARCHAR);
