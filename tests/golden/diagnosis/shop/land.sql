create schema crm;
create table crm.customers as
select i as id, 'u' || i || '@mail.example' as email, ['de', 'fr', 'uk'][1 + i % 3] as country,
    timestamp '2026-01-01' + interval (i) hour as updated_at
from range(200) t(i);
create table crm.orders as
select i as id, i % 200 as customer_id, (i * 1.25)::varchar as amount, ['new', 'paid'][1 + i % 2] as status,
    timestamp '2026-01-01' + interval (i) hour as loaded_at
from range(1000) t(i);
