-- Joined by its key, or brought to one row first: nothing is multiplied.
-- dialect: duckdb
-- relation: main.orders (id INTEGER not null, customer_id INTEGER, amount DECIMAL(10,2), status VARCHAR, ordered_at TIMESTAMP) unique (id)
-- relation: main.customers (id INTEGER not null, name VARCHAR, region VARCHAR) unique (id)
-- relation: main.items (id INTEGER, order_id INTEGER, sku VARCHAR, n INTEGER) unique (id) unique (order_id, sku)
-- relation: main.wide (a INTEGER, b VARCHAR) incomplete
with lines as (select order_id, sum(n) as pieces from items group by order_id)
select c.region, sum(o.amount) as total, sum(l.pieces) as pieces
from orders o
join customers c on c.id = o.customer_id
left join lines l on l.order_id = o.id
left join items one on one.order_id = o.id and one.sku = 'first'
group by c.region
