create schema raw_till;

create table raw_till.customers as
select
    i::integer as id, (1 + i % 5)::integer as parent_id, 'Customer ' || i as name, ['new', 'done'][1 + i % 2] as status,
    (i * 1.5)::double as amount, i % 2 = 0 as active, timestamp '2025-01-01' + to_hours(i) as created
from range(1, 21) r(i);

create table raw_till.sales as
select
    i::integer as id, (1 + i % 5)::integer as parent_id, 'Sale ' || i as name, ['new', 'done'][1 + i % 2] as status,
    (i * 1.5)::double as amount, i % 2 = 0 as active, timestamp '2025-01-01' + to_hours(i) as created
from range(1, 21) r(i);

create table raw_till.products as
select
    i::integer as id, (1 + i % 5)::integer as parent_id, 'Product ' || i as name, ['new', 'done'][1 + i % 2] as status,
    (i * 1.5)::double as amount, i % 2 = 0 as active, timestamp '2025-01-01' + to_hours(i) as created
from range(1, 21) r(i);

create table raw_till.suppliers as
select
    i::integer as id, (1 + i % 5)::integer as parent_id, 'Supplier ' || i as name, ['new', 'done'][1 + i % 2] as status,
    (i * 1.5)::double as amount, i % 2 = 0 as active, timestamp '2025-01-01' + to_hours(i) as created
from range(1, 21) r(i);

create table raw_till.refunds as
select
    i::integer as id, (1 + i % 5)::integer as parent_id, 'Refund ' || i as name, ['new', 'done'][1 + i % 2] as status,
    (i * 1.5)::double as amount, i % 2 = 0 as active, timestamp '2025-01-01' + to_hours(i) as created
from range(1, 21) r(i);

create table raw_till.shifts as
select
    i::integer as id, (1 + i % 5)::integer as parent_id, 'Shift ' || i as name, ['new', 'done'][1 + i % 2] as status,
    (i * 1.5)::double as amount, i % 2 = 0 as active, timestamp '2025-01-01' + to_hours(i) as created
from range(1, 21) r(i);

create table raw_till.tills as
select
    i::integer as id, (1 + i % 5)::integer as parent_id, 'Till ' || i as name, ['new', 'done'][1 + i % 2] as status,
    (i * 1.5)::double as amount, i % 2 = 0 as active, timestamp '2025-01-01' + to_hours(i) as created
from range(1, 21) r(i);

create table raw_till.invoices as
select
    i::integer as id, (1 + i % 5)::integer as parent_id, 'Invoice ' || i as name, ['new', 'done'][1 + i % 2] as status,
    (i * 1.5)::double as amount, i % 2 = 0 as active, timestamp '2025-01-01' + to_hours(i) as created
from range(1, 21) r(i);

create table raw_till.payments as
select
    i::integer as id, (1 + i % 5)::integer as parent_id, 'Payment ' || i as name, ['new', 'done'][1 + i % 2] as status,
    (i * 1.5)::double as amount, i % 2 = 0 as active, timestamp '2025-01-01' + to_hours(i) as created
from range(1, 21) r(i);

create table raw_till.prices as
select
    i::integer as id, (1 + i % 5)::integer as parent_id, 'Price ' || i as name, ['new', 'done'][1 + i % 2] as status,
    (i * 1.5)::double as amount, i % 2 = 0 as active, timestamp '2025-01-01' + to_hours(i) as created
from range(1, 21) r(i);

-- New: neither declared nor staged.
create table raw_till.vouchers as
select
    i::integer as id, (1 + i % 5)::integer as customer_id, 'Voucher ' || i as name, ['new', 'done'][1 + i % 2] as status,
    (i * 1.5)::double as amount, i % 2 = 0 as active, timestamp '2025-01-01' + to_hours(i) as created
from range(1, 21) r(i);
