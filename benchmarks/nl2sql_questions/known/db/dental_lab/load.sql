COPY main."dentist" FROM 'main.dentist.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main."material" FROM 'main.material.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main."product" FROM 'main.product.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main."tech" FROM 'main.tech.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main."lab_case" FROM 'main.lab_case.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main."worklog" FROM 'main.worklog.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main."remake" FROM 'main.remake.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY main."invoice" FROM 'main.invoice.csv' (FORMAT csv, HEADER, NULLSTR '\N');
