CREATE TABLE venues(venue_id INTEGER PRIMARY KEY, venue_name VARCHAR, city VARCHAR, state VARCHAR, venue_type VARCHAR, capacity INTEGER, opened_on DATE, serves_food BOOLEAN);
CREATE TABLE agents(agent_id INTEGER PRIMARY KEY, agent_name VARCHAR, agency VARCHAR, commission_pct DOUBLE, email VARCHAR);
CREATE TABLE comedians(comedian_id INTEGER PRIMARY KEY, stage_name VARCHAR, style VARCHAR, home_city VARCHAR, debut_year INTEGER, agent_id INTEGER, is_headliner BOOLEAN);
CREATE TABLE shows(show_id INTEGER PRIMARY KEY, venue_id INTEGER, title VARCHAR, show_date DATE, starts_at TIMESTAMP, ticket_price DECIMAL(8,2), status VARCHAR, host_id INTEGER);
CREATE TABLE lineups(show_id INTEGER, comedian_id INTEGER, slot INTEGER, set_minutes INTEGER, fee DECIMAL(10,2), PRIMARY KEY(show_id, comedian_id));
CREATE TABLE patrons(patron_id INTEGER PRIMARY KEY, full_name VARCHAR, email VARCHAR, city VARCHAR, joined_on DATE, membership VARCHAR);
CREATE TABLE bookings(booking_id INTEGER PRIMARY KEY, show_id INTEGER, patron_id INTEGER, seats INTEGER, booked_at TIMESTAMP, amount DECIMAL(10,2), channel VARCHAR, status VARCHAR);
CREATE TABLE reviews(review_id INTEGER PRIMARY KEY, show_id INTEGER, patron_id INTEGER, stars INTEGER, comment VARCHAR, posted_on DATE);
