-- What the queries beside this file read.
create table t (
    si smallint,
    i integer not null,
    bi bigint,
    r real,
    d double precision,
    n numeric,
    n1 numeric(10,2),
    s text,
    v character varying(20),
    c character(3),
    bo boolean,
    dt date,
    ts timestamp without time zone,
    tz timestamp with time zone,
    tm time without time zone,
    iv interval,
    j jsonb,
    u uuid,
    a integer[],
    "Mixed Case" text
);
create table o (
    i integer,
    amount numeric(18,2),
    s text
);
