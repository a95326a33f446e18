-- What the queries beside this file read.
create table t (
    a integer,
    "B" varchar,
    d date,
    ts timestamp,
    n decimal(10,2),
    s struct(x int, y varchar),
    l int[],
    f double,
    bo boolean,
    si smallint,
    bi bigint,
    tz timestamptz,
    m map(varchar,int),
    "Quoted Name" int,
    ls struct(k int, v varchar)[]
);
create table u (
    a integer,
    c varchar,
    e date
);
create table orders (
    id integer,
    customer_id integer,
    amount decimal(18,2),
    status varchar,
    ordered_at timestamp,
    items integer
);
create table customers (
    id integer,
    name varchar,
    email varchar,
    country varchar,
    created_at timestamp
);
create table payments (
    id integer,
    order_id integer,
    method varchar,
    cents bigint
);
create table events (
    id bigint,
    user_id integer,
    kind varchar,
    seen_at timestamp,
    props json,
    tags varchar[]
);
