CREATE TABLE keeper(keeper_id INTEGER PRIMARY KEY, full_name VARCHAR NOT NULL, email VARCHAR, county VARCHAR, joined_on DATE, membership VARCHAR, years_experience INTEGER);
CREATE TABLE apiary(apiary_id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, keeper_id INTEGER, county VARCHAR, landscape VARCHAR, elevation_m INTEGER, established DATE, is_registered BOOLEAN);
CREATE TABLE hive(hive_id INTEGER PRIMARY KEY, apiary_id INTEGER, label VARCHAR, hive_type VARCHAR, installed_on DATE, status VARCHAR, colour VARCHAR);
CREATE TABLE queen(queen_id INTEGER PRIMARY KEY, hive_id INTEGER, breed VARCHAR, mark_colour VARCHAR, birth_year INTEGER, source VARCHAR, price DECIMAL(8,2));
CREATE TABLE inspection(inspection_id INTEGER PRIMARY KEY, hive_id INTEGER NOT NULL, inspector_id INTEGER, inspected_at TIMESTAMP, brood_frames INTEGER, temperament INTEGER, queen_seen BOOLEAN, varroa_count INTEGER, weight_kg DOUBLE);
CREATE TABLE finding(inspection_id INTEGER NOT NULL, disease VARCHAR NOT NULL, severity VARCHAR);
CREATE TABLE treatment(treatment_id INTEGER PRIMARY KEY, hive_id INTEGER, product VARCHAR, start_date DATE, end_date DATE, dose_ml DOUBLE, cost DECIMAL(8,2));
CREATE TABLE harvest(harvest_id INTEGER PRIMARY KEY, hive_id INTEGER, harvest_date DATE, honey_kg DOUBLE, honey_type VARCHAR, moisture_pct DOUBLE, grade VARCHAR);
CREATE TABLE sale(sale_id INTEGER PRIMARY KEY, harvest_id INTEGER, buyer VARCHAR, sold_on DATE, jars INTEGER, unit_price DECIMAL(8,2), channel VARCHAR);
