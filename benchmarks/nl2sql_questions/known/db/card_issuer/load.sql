COPY issuing."cardholders" FROM 'issuing.cardholders.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY issuing."cards" FROM 'issuing.cards.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY issuing."merchants" FROM 'issuing.merchants.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY issuing."card_transactions" FROM 'issuing.card_transactions.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY issuing."disputes" FROM 'issuing.disputes.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY issuing."statements" FROM 'issuing.statements.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY issuing."fx_rates_daily" FROM 'issuing.fx_rates_daily.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY issuing."card_limit_snapshots" FROM 'issuing.card_limit_snapshots.csv' (FORMAT csv, HEADER, NULLSTR '\N');
