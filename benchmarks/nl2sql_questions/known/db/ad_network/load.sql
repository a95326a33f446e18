COPY adops."adn_advertiser" FROM 'adops.adn_advertiser.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY adops."adn_campaign" FROM 'adops.adn_campaign.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY adops."adn_publisher" FROM 'adops.adn_publisher.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY adops."adn_placement" FROM 'adops.adn_placement.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY adops."adn_spend_daily" FROM 'adops.adn_spend_daily.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY adops."adn_invoice" FROM 'adops.adn_invoice.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY adops."adn_conversion" FROM 'adops.adn_conversion.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY adops."adn_budget_snapshot" FROM 'adops.adn_budget_snapshot.csv' (FORMAT csv, HEADER, NULLSTR '\N');
