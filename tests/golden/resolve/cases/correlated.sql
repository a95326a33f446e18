-- A filter inside of a scalar subquery belongs to its column; EXISTS decides on rows.
-- dialect: duckdb
-- relation: main.orders (id INTEGER not null, customer_id INTEGER, amount DECIMAL(10,2), status VARCHAR, ordered_at TIMESTAMP) unique (id)
-- relation: main.customers (id INTEGER not null, name VARCHAR, region VARCHAR) unique (id)
-- relation: main.items (id INTEGER, order_id INTEGER, sku VARCHAR, n INTEGER) unique (id) unique (order_id, sku)
-- relation: main.wide (a INTEGER, b VARCHAR) incomplete
select c.name,
  (select max(o.amount) from orders o where o.customer_id = c.id and o.status = 'paid') as biggest,
  exists (select 1 from items) as any_item
from customers c
where exists (select 1 from orders o where o.customer_id = c.id)
