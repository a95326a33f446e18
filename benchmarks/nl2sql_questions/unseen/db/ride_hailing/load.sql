COPY mobility.riders FROM 'mobility.riders.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY mobility.drivers FROM 'mobility.drivers.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY mobility.promo_codes FROM 'mobility.promo_codes.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY mobility.trips FROM 'mobility.trips.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY mobility.payments FROM 'mobility.payments.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY mobility.driver_daily_snapshot FROM 'mobility.driver_daily_snapshot.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY mobility.support_tickets FROM 'mobility.support_tickets.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY mobility.app_sessions FROM 'mobility.app_sessions.csv' (FORMAT csv, HEADER, NULLSTR '\N');
