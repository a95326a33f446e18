CREATE TABLE member(mid INTEGER PRIMARY KEY, name VARCHAR, email VARCHAR, town VARCHAR, joined_on DATE, membership_type VARCHAR, expertise VARCHAR, is_leader BOOLEAN, birth_year INTEGER);
CREATE TABLE plant_family(fid INTEGER PRIMARY KEY, name VARCHAR, common_name VARCHAR);
CREATE TABLE species(spid INTEGER PRIMARY KEY, scientific_name VARCHAR, common_name VARCHAR, fid INTEGER, is_native BOOLEAN, red_list VARCHAR, growth_form VARCHAR);
CREATE TABLE site(site_id INTEGER PRIMARY KEY, site_name VARCHAR, county VARCHAR, habitat VARCHAR, area_ha DOUBLE, protected BOOLEAN, access VARCHAR);
CREATE TABLE excursion(eid INTEGER PRIMARY KEY, title VARCHAR, site_id INTEGER, leader_id INTEGER, held_on DATE, distance_km DOUBLE, max_places INTEGER, status VARCHAR);
CREATE TABLE attendance(eid INTEGER, mid INTEGER, booked_on DATE, fee_paid DECIMAL(6,2), attended BOOLEAN, PRIMARY KEY(eid, mid));
CREATE TABLE sighting(sgid INTEGER PRIMARY KEY, spid INTEGER, mid INTEGER, site_id INTEGER, eid INTEGER, seen_at TIMESTAMP, plant_count INTEGER, status VARCHAR);
CREATE TABLE herbarium_sheet(hid INTEGER PRIMARY KEY, accession_no VARCHAR, spid INTEGER, collector_id INTEGER, site_id INTEGER, collected_on DATE, cabinet VARCHAR, sheet_condition VARCHAR, digitised BOOLEAN);
CREATE TABLE loan(lid INTEGER PRIMARY KEY, hid INTEGER, institution VARCHAR, lent_on DATE, due_on DATE, returned_on DATE, purpose VARCHAR);
