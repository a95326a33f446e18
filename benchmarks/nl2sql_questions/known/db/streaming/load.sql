COPY main."dim_date" FROM 'main.dim_date.csv' (HEADER, NULLSTR '\N');
COPY main."dim_user" FROM 'main.dim_user.csv' (HEADER, NULLSTR '\N');
COPY main."dim_title" FROM 'main.dim_title.csv' (HEADER, NULLSTR '\N');
COPY main."fct_play" FROM 'main.fct_play.csv' (HEADER, NULLSTR '\N');
COPY main."fct_subscription" FROM 'main.fct_subscription.csv' (HEADER, NULLSTR '\N');
COPY main."fct_payment" FROM 'main.fct_payment.csv' (HEADER, NULLSTR '\N');
COPY main."fct_rating" FROM 'main.fct_rating.csv' (HEADER, NULLSTR '\N');
