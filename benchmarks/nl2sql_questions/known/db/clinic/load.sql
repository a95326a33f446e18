COPY main."pat" FROM 'main.pat.csv' (HEADER, NULLSTR '\N');
COPY main."prov" FROM 'main.prov.csv' (HEADER, NULLSTR '\N');
COPY main."ins" FROM 'main.ins.csv' (HEADER, NULLSTR '\N');
COPY main."appt" FROM 'main.appt.csv' (HEADER, NULLSTR '\N');
COPY main."dx" FROM 'main.dx.csv' (HEADER, NULLSTR '\N');
COPY main."rx" FROM 'main.rx.csv' (HEADER, NULLSTR '\N');
COPY main."lab" FROM 'main.lab.csv' (HEADER, NULLSTR '\N');
