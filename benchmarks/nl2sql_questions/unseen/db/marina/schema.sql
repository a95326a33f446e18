CREATE TABLE owner(owner_id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, email VARCHAR, city VARCHAR, country VARCHAR, member_since DATE, owner_type VARCHAR);
CREATE TABLE boat(boat_id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, owner_id INTEGER NOT NULL, type VARCHAR, length_m DOUBLE, year_built INTEGER, flag VARCHAR, registration_no VARCHAR);
CREATE TABLE pontoon(pontoon_id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, has_power BOOLEAN, has_water BOOLEAN);
CREATE TABLE berth(berth_id INTEGER PRIMARY KEY, pontoon_id INTEGER NOT NULL, code VARCHAR, max_length_m DOUBLE, daily_rate DECIMAL(8,2), status VARCHAR);
CREATE TABLE contract(contract_id INTEGER PRIMARY KEY, boat_id INTEGER NOT NULL, berth_id INTEGER NOT NULL, start_date DATE NOT NULL, end_date DATE, fee DECIMAL(10,2), contract_type VARCHAR, status VARCHAR);
CREATE TABLE payment(payment_id INTEGER PRIMARY KEY, contract_id INTEGER NOT NULL, paid_on DATE, amount DECIMAL(10,2), method VARCHAR);
CREATE TABLE technician(tech_id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, specialty VARCHAR, hired_on DATE);
CREATE TABLE repair(repair_id INTEGER PRIMARY KEY, boat_id INTEGER NOT NULL, tech_id INTEGER, opened_on DATE NOT NULL, closed_on DATE, category VARCHAR, cost DECIMAL(10,2), description VARCHAR);
CREATE TABLE arrival(arrival_id INTEGER PRIMARY KEY, boat_id INTEGER NOT NULL, arrived_at TIMESTAMP NOT NULL, departed_at TIMESTAMP, people_on_board INTEGER);
