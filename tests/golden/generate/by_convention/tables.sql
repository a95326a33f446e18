-- No target is declared: every column is kept, named and cast by dbt's usual conventions.
create schema raw_shop;
create table raw_shop.customers as
select
    i as id, 'Person ' || i as "fullName", ['gold', 'blue'][1 + i % 2] as tier, i % 3 = 0 as active,
    timestamp '2024-01-01' + to_hours(i::int) as created, lpad(i::varchar, 5, '0') as zip,
    (i * 3 % 7)::varchar || '.50' as discount, '2024-02-0' || (1 + i % 9) as "signupDate",
    case when i % 2 = 0 then 'yes' else 'no' end as wants_mail
from range(400) r(i);
create table raw_shop.orders as
select i as order_no, i % 400 as customer_id, i * 2.5 as amount, date '2024-03-01' + (i % 90)::int as shipped
from range(1000) r(i);
create table raw_shop.order_lines as
select i % 1000 as order_no, i as line, 'SKU' || i % 37 as sku, {'w': i, 'h': 2} as size, [i, 1] as tags
from range(3000) r(i);
create table raw_shop.nothing_yet (id integer, note varchar);
