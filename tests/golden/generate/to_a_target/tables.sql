-- A declared target: what is certain is accepted, the rest waits; append-only bronze with two loads.
create schema bronze_crm;
create table bronze_crm.cust (
    cust_no integer, nm varchar, eml varchar, dob varchar, bal double, sgn_dt integer, region varchar,
    _aidbt_loaded_at timestamptz, _aidbt_batch_id varchar
);
insert into bronze_crm.cust
select
    i, 'n' || i, 'm' || i || '@example.org', '1990-01-01', i / 4, 20240101 + i % 20, ['EU', 'US'][1 + i % 2],
    timestamptz '2024-06-01 00:00:00+00', b
from range(300) r(i), (values ('2024-0001'), ('2024-0002')) batches(b);
create table bronze_crm._aidbt_loads (table_name varchar, batch_id varchar, loaded_at timestamptz);
insert into bronze_crm._aidbt_loads values
    ('cust', '2024-0001', '2024-06-01 00:00:00+00'), ('cust', '2024-0002', '2024-06-02 00:00:00+00');
