CREATE TABLE clinic(clinic_id BIGINT NOT NULL, "name" VARCHAR, city VARCHAR, state VARCHAR, opened_year BIGINT, num_exam_rooms BIGINT);
CREATE TABLE vet(vet_id BIGINT NOT NULL, "name" VARCHAR, clinic_id BIGINT, specialty VARCHAR, hire_date DATE, license_no VARCHAR);
CREATE TABLE vet_certification(vet_id BIGINT NOT NULL, cert_name VARCHAR, "year" BIGINT);
CREATE TABLE owner(owner_id BIGINT NOT NULL, "name" VARCHAR, email VARCHAR, phone VARCHAR, city VARCHAR, registered_on DATE);
CREATE TABLE pet(pet_id BIGINT NOT NULL, "name" VARCHAR, species VARCHAR, breed VARCHAR, sex VARCHAR, birth_date DATE, weight_kg DECIMAL(10,2), owner_id BIGINT, microchipped BOOLEAN);
CREATE TABLE appointment(appt_id BIGINT NOT NULL, pet_id BIGINT, vet_id BIGINT, clinic_id BIGINT, appt_ts TIMESTAMP, checkout_ts TIMESTAMP, reason VARCHAR, status VARCHAR, fee DECIMAL(10,2));
CREATE TABLE treatment(treatment_id BIGINT NOT NULL, "name" VARCHAR, category VARCHAR, list_price DECIMAL(10,2));
CREATE TABLE appointment_treatment(appt_id BIGINT NOT NULL, treatment_id BIGINT NOT NULL, quantity BIGINT, amount_charged DECIMAL(10,2));
CREATE TABLE vaccination(vacc_id BIGINT NOT NULL, pet_id BIGINT, vaccine_name VARCHAR, given_on DATE, next_due DATE);
