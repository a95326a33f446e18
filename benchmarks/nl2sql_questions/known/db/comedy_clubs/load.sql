COPY main.venues FROM 'main.venues.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main.agents FROM 'main.agents.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main.comedians FROM 'main.comedians.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main.shows FROM 'main.shows.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main.lineups FROM 'main.lineups.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main.patrons FROM 'main.patrons.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main.bookings FROM 'main.bookings.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main.reviews FROM 'main.reviews.csv' (FORMAT csv, HEADER, NULLSTR '\N');
