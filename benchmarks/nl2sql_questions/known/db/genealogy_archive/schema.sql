CREATE TABLE parish(parish_id INTEGER PRIMARY KEY, name VARCHAR, county VARCHAR, country VARCHAR, denomination VARCHAR, founded_year INTEGER, population INTEGER);
CREATE TABLE person(person_id INTEGER PRIMARY KEY, given_name VARCHAR, surname VARCHAR, sex VARCHAR, birth_date DATE, death_date DATE, birth_parish_id INTEGER, occupation VARCHAR);
CREATE TABLE family(family_id INTEGER PRIMARY KEY, husband_id INTEGER, wife_id INTEGER, marriage_date DATE, marriage_parish_id INTEGER);
CREATE TABLE family_child(family_id INTEGER, person_id INTEGER, birth_order INTEGER, PRIMARY KEY(family_id, person_id));
CREATE TABLE record(record_id INTEGER PRIMARY KEY, record_type VARCHAR, parish_id INTEGER, event_year INTEGER, shelf_mark VARCHAR, page_count INTEGER, condition VARCHAR, digitized BOOLEAN, digitized_on DATE);
CREATE TABLE person_record(person_id INTEGER, record_id INTEGER, role VARCHAR, PRIMARY KEY(person_id, record_id));
CREATE TABLE researcher(researcher_id INTEGER PRIMARY KEY, name VARCHAR, email VARCHAR, affiliation VARCHAR, country VARCHAR, membership VARCHAR, joined_on DATE);
CREATE TABLE copy_request(request_id INTEGER PRIMARY KEY, researcher_id INTEGER, record_id INTEGER, requested_at TIMESTAMP, completed_at TIMESTAMP, status VARCHAR, channel VARCHAR, fee DECIMAL(8,2));
CREATE TABLE transcription(transcription_id INTEGER PRIMARY KEY, record_id INTEGER, researcher_id INTEGER, submitted_on DATE, accuracy DOUBLE, word_count INTEGER, verified BOOLEAN);
