CREATE TABLE club(clb_id INTEGER PRIMARY KEY, clb_nm VARCHAR NOT NULL, cty_nm VARCHAR, fnd_yr INTEGER, brd_cnt INTEGER, stat_cd VARCHAR);
CREATE TABLE player(plr_id INTEGER PRIMARY KEY, plr_nm VARCHAR NOT NULL, clb_id INTEGER, ttl_cd VARCHAR, sex_cd VARCHAR, brth_dt DATE, join_dt DATE, stat_cd VARCHAR);
CREATE TABLE tournament(tournament_id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, city VARCHAR, start_date DATE, end_date DATE, time_control VARCHAR, rounds INTEGER, prize_fund DECIMAL(10,2), organiser_club_id INTEGER);
CREATE TABLE game(gm_id INTEGER PRIMARY KEY, trn_id INTEGER NOT NULL, rnd_no INTEGER, wht_plr_id INTEGER NOT NULL, blk_plr_id INTEGER NOT NULL, rslt VARCHAR, eco_cd VARCHAR, mv_cnt INTEGER, ply_dt DATE);
CREATE TABLE opening(eco_code VARCHAR PRIMARY KEY, opening_name VARCHAR NOT NULL, family VARCHAR);
CREATE TABLE rating(plr_id INTEGER NOT NULL, rtg_dt DATE NOT NULL, std_rtg INTEGER, rpd_rtg INTEGER, btz_rtg INTEGER, PRIMARY KEY(plr_id, rtg_dt));
CREATE TABLE arbiter(arbiter_id INTEGER PRIMARY KEY, full_name VARCHAR NOT NULL, level VARCHAR, home_city VARCHAR, licensed_on DATE, email VARCHAR);
CREATE TABLE tournament_arbiter(tournament_id INTEGER NOT NULL, arbiter_id INTEGER NOT NULL, is_chief BOOLEAN, PRIMARY KEY(tournament_id, arbiter_id));
CREATE TABLE fee_payment(fee_id INTEGER PRIMARY KEY, plr_id INTEGER NOT NULL, season INTEGER, amount DECIMAL(8,2), paid_on DATE, method VARCHAR);
