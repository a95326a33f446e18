create table customers (
    id integer, name text, email text, region text, joined date, vip boolean, referrer_id integer
);
insert into customers values
    (1, 'Ann', 'ann@x.org', 'north', '2023-01-05', true, null),
    (2, 'Bob', 'bob@y.org', 'south', '2023-03-17', false, 1),
    (3, 'Cy', null, 'north', '2023-06-30', false, 1),
    (4, 'Dee', 'dee@x.org', 'south', '2024-02-29', true, 2),
    (5, 'Eve', 'eve@z.org', 'west', '2024-05-11', false, 4);

create table orders (
    id integer, customer_id integer, amount decimal(10, 2), tax decimal(10, 2), status text, ordered_at timestamp,
    note text
);
insert into orders values
    (11, 1, 10.00, 1.00, 'paid', '2024-01-02 08:15:00', 'gift'),
    (12, 2, 20.50, 2.10, 'open', '2024-01-15 12:00:01', null),
    (13, 1, 41.25, 4.20, 'paid', '2024-02-03 23:59:59', 'late'),
    (14, 3, 83.10, 8.40, 'lost', '2024-02-20 00:00:00', null),
    (15, 4, 165.05, 16.80, 'paid', '2024-03-09 10:30:00', 'big'),
    (16, 9, 331.40, 33.60, 'open', '2024-03-30 17:45:30', 'who');

create table items (order_id integer, line integer, product text, qty integer, price double);
insert into items values
    (11, 1, 'pen', 3, 1.5),
    (11, 2, 'ink', 1, 5.25),
    (12, 1, 'pen', 7, 1.75),
    (13, 1, 'cup', 2, 9.5),
    (15, 1, 'ink', 12, 5.0),
    (15, 2, 'cup', 5, 8.0);

create table events (
    id integer, user_id integer, kind text, seen_at timestamp, payload struct(page text, ms integer), tags text[]
);
insert into events values
    (1, 1, 'view', '2024-01-01 10:00:00', {'page': '/a', 'ms': 120}, ['x', 'y']),
    (2, 1, 'click', '2024-01-01 10:05:00', {'page': '/b', 'ms': 35}, ['y']),
    (3, 2, 'view', '2024-01-01 11:00:00', {'page': '/a', 'ms': 77}, ['z', 'w', 'v']),
    (4, 2, 'buy', '2024-01-02 09:30:00', {'page': '/c', 'ms': 410}, ['u', 't']),
    (5, 4, 'click', '2024-01-03 21:10:00', {'page': '/d', 'ms': 9}, ['s']);

create table staff (id integer, boss_id integer, name text, salary integer);
insert into staff values
    (1, null, 'Root', 900), (2, 1, 'Left', 510), (3, 1, 'Right', 470), (4, 2, 'Leaf', 130), (5, 3, 'Bud', 210);

create table months (region text, jan integer, feb integer, mar integer);
insert into months values ('north', 1, 20, 300), ('south', 4, 50, 600), ('west', 7, 80, 900);

create table quotes (symbol text, ts timestamp, bid double);
insert into quotes values
    ('aa', '2024-01-01 09:00:00', 10.5), ('aa', '2024-01-01 09:10:00', 11.25),
    ('bb', '2024-01-01 09:00:00', 70.0), ('bb', '2024-01-01 09:20:00', 72.5);

create table trades (id integer, symbol text, ts timestamp, qty integer);
insert into trades values
    (1, 'aa', '2024-01-01 09:05:00', 5), (2, 'aa', '2024-01-01 09:15:00', 8),
    (3, 'bb', '2024-01-01 09:30:00', 13), (4, 'bb', '2024-01-01 09:02:00', 21);

create table goals (region text, goal integer, owner text);
insert into goals values ('north', 100, 'Kim'), ('south', 250, 'Lee'), ('east', 400, 'Moe');
