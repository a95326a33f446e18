CREATE TABLE dentist(did INTEGER PRIMARY KEY, dname VARCHAR, clinic VARCHAR, city VARCHAR, st VARCHAR, spec VARCHAR, since DATE, disc DOUBLE);
CREATE TABLE material(mid INTEGER PRIMARY KEY, mname VARCHAR, mclass VARCHAR, unit_cost DOUBLE, qty_oh INTEGER, reord_lvl INTEGER);
CREATE TABLE product(prid INTEGER PRIMARY KEY, pname VARCHAR, ptype VARCHAR, mid INTEGER, base_prc DOUBLE, std_days INTEGER);
CREATE TABLE tech(tid INTEGER PRIMARY KEY, tname VARCHAR, dept VARCHAR, hire_dt DATE, hr_rate DOUBLE, active BOOLEAN, sup_tid INTEGER);
CREATE TABLE lab_case(cno INTEGER PRIMARY KEY, did INTEGER, prid INTEGER, shade VARCHAR, recv_dt DATE, due_dt DATE, ship_dt DATE, stat VARCHAR, prio VARCHAR, units INTEGER, prc DOUBLE);
CREATE TABLE worklog(wid INTEGER PRIMARY KEY, cno INTEGER, tid INTEGER, step VARCHAR, hrs DOUBLE, wk_dt DATE);
CREATE TABLE remake(rid INTEGER PRIMARY KEY, cno INTEGER, rmk_dt DATE, reason VARCHAR, fault VARCHAR, rmk_cost DOUBLE);
CREATE TABLE invoice(ino INTEGER PRIMARY KEY, did INTEGER, inv_dt DATE, due_dt DATE, amt DOUBLE, paid_dt DATE);
