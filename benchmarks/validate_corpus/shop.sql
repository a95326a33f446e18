create table customers (
    customer_id integer primary key, email varchar, first_name varchar, last_name varchar, country varchar,
    created_at timestamp, is_active boolean
);
insert into customers
select i, 'mail' || i || '@example.com', 'first' || i % 7, 'last' || i % 11, ['DE', 'FR', 'US'][i % 3 + 1],
    timestamp '2024-01-01' + to_days(i % 300), i % 5 > 0
from range(1, 201) as r (i);
create table stores (store_id integer primary key, store_name varchar, city varchar, opened_on date);
insert into stores select i, 'store ' || i, 'city ' || i % 4, date '2020-01-01' + i::integer * 30 from range(1, 11) as r (i);
create table products (
    product_id integer primary key, product_name varchar, category varchar, list_price decimal(10, 2),
    tags varchar[], attributes struct(color varchar, weight_g integer)
);
insert into products
select i, 'product ' || i, 'category ' || i % 5, (i * 3.5)::decimal(10, 2), ['new', 'sale'],
    {'color': 'red', 'weight_g': (i * 10)::integer}
from range(1, 51) as r (i);
create table orders (
    order_id integer primary key, customer_id integer, store_id integer, ordered_at timestamp, status varchar,
    amount decimal(12, 2)
);
insert into orders
select i, i % 200 + 1, i % 10 + 1, timestamp '2024-02-01' + to_hours(i * 5), ['placed', 'shipped', 'returned'][i % 3 + 1],
    (i % 90 * 1.25)::decimal(12, 2)
from range(1, 1001) as r (i);
create table order_items (
    order_id integer, line_number integer, product_id integer, quantity integer, unit_price decimal(10, 2),
    primary key (order_id, line_number)
);
insert into order_items
select i % 1000 + 1, i // 1000 + 1, i % 50 + 1, i % 4 + 1, (i % 30 * 1.1)::decimal(10, 2)
from range(0, 2500) as r (i);
create table payments (
    payment_id integer primary key, order_id integer, method varchar, paid_amount decimal(12, 2), paid_at timestamp
);
insert into payments
select i, i % 1000 + 1, ['card', 'cash'][i % 2 + 1], (i % 70 * 1.5)::decimal(12, 2), timestamp '2024-02-02' + to_hours(i * 3)
from range(1, 1201) as r (i);
create table events (
    event_id integer primary key, customer_id integer, event_type varchar, occurred_at timestamp, payload json
);
insert into events
select i, i % 200 + 1, ['view', 'click', 'buy'][i % 3 + 1], timestamp '2024-03-01' + to_minutes(i * 7),
    '{"page": "home", "depth": 3}'
from range(1, 1501) as r (i);
