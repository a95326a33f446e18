CREATE TABLE exhibit(exhibit_id INTEGER PRIMARY KEY, name VARCHAR, wing VARCHAR, floor INTEGER, opened_on DATE, visitor_capacity INTEGER);
CREATE TABLE tank(tank_id INTEGER PRIMARY KEY, code VARCHAR, exhibit_id INTEGER, water_type VARCHAR, volume_liters INTEGER, temperature_c DOUBLE, installed_on DATE, status VARCHAR);
CREATE TABLE species(species_id INTEGER PRIMARY KEY, common_name VARCHAR, scientific_name VARCHAR, animal_class VARCHAR, diet VARCHAR, conservation_status VARCHAR, max_length_cm INTEGER);
CREATE TABLE animal(animal_id INTEGER PRIMARY KEY, nickname VARCHAR, species_id INTEGER, tank_id INTEGER, sex VARCHAR, birth_date DATE, arrival_date DATE, origin VARCHAR, weight_kg DOUBLE, departed_on DATE);
CREATE TABLE keeper(keeper_id INTEGER PRIMARY KEY, full_name VARCHAR, role VARCHAR, hired_on DATE, hourly_wage DECIMAL(6,2), supervisor_id INTEGER, dive_certification VARCHAR);
CREATE TABLE keeper_tank(keeper_id INTEGER, tank_id INTEGER, assigned_since DATE, is_lead BOOLEAN, PRIMARY KEY(keeper_id, tank_id));
CREATE TABLE feeding(feeding_id INTEGER PRIMARY KEY, tank_id INTEGER, keeper_id INTEGER, fed_at TIMESTAMP, food VARCHAR, quantity_g INTEGER, public_show BOOLEAN);
CREATE TABLE water_test(test_id INTEGER PRIMARY KEY, tank_id INTEGER, tested_at TIMESTAMP, ph DOUBLE, salinity_ppt DOUBLE, nitrate_mgl DOUBLE, passed BOOLEAN);
CREATE TABLE health_check(check_id INTEGER PRIMARY KEY, animal_id INTEGER, keeper_id INTEGER, check_date DATE, diagnosis VARCHAR, outcome VARCHAR, cost DECIMAL(8,2));
