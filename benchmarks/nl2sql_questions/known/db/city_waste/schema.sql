CREATE TABLE district(district_id BIGINT NOT NULL, district_name VARCHAR, population BIGINT, area_km2 DECIMAL(6,2));
CREATE TABLE depot(depot_id BIGINT NOT NULL, depot_name VARCHAR, street VARCHAR, district_id BIGINT);
CREATE TABLE truck(truck_id BIGINT NOT NULL, plate VARCHAR, make VARCHAR, fuel_type VARCHAR, capacity_kg BIGINT, purchase_year BIGINT, depot_id BIGINT);
CREATE TABLE driver(driver_id BIGINT NOT NULL, driver_name VARCHAR, depot_id BIGINT, hire_date DATE, hourly_wage DECIMAL(6,2));
CREATE TABLE route(route_id BIGINT NOT NULL, route_code VARCHAR, district_id BIGINT, waste_type VARCHAR, weekday VARCHAR, length_km DECIMAL(6,1));
CREATE TABLE pickup(pickup_id BIGINT NOT NULL, route_id BIGINT, truck_id BIGINT, driver_id BIGINT, pickup_date DATE, weight_kg BIGINT, status VARCHAR);
CREATE TABLE recycling_center(center_id BIGINT NOT NULL, center_name VARCHAR, district_id BIGINT, opened_on DATE, accepts_hazardous BOOLEAN);
CREATE TABLE dropoff(dropoff_id BIGINT NOT NULL, center_id BIGINT, material VARCHAR, weight_kg DECIMAL(8,1), dropped_at TIMESTAMP, fee DECIMAL(6,2));
CREATE TABLE complaint(complaint_id BIGINT NOT NULL, district_id BIGINT, route_id BIGINT, category VARCHAR, filed_on DATE, resolved_on DATE, channel VARCHAR);
