create schema raw_till;
create schema raw_bank;

create table raw_till.customers as
select i::integer as id, 'Customer ' || i as name, i % 2 = 0 as member, timestamp '2025-01-01' + to_hours(i) as created
from range(1, 11) r(i);

create table raw_till.sales as
select
    i::integer as id, (1 + i % 10)::integer as customer_id, ['cash', 'card'][1 + i % 2] as method,
    (i * 1.5)::double as amount, timestamp '2025-02-01' + to_hours(i) as sold
from range(1, 31) r(i);

create table raw_bank.transfers as
select
    i::integer as id, i::integer as sale_id, ['sent', 'booked'][1 + i % 2] as state,
    (i * 1.5)::double as amount, timestamp '2025-02-03' + to_hours(i) as booked
from range(2, 31, 2) r(i);

-- New: neither declared nor staged.
create table raw_bank.fees as
select i::integer as id, i::integer as transfer_id, 0.15::double as amount, i % 3 = 0 as waived,
    timestamp '2025-03-01' + to_hours(i) as booked
from range(2, 31, 2) r(i);
