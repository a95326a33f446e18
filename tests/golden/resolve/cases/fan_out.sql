-- A sum over a join that gives several rows for one; a count of distinct keys minds none.
-- dialect: duckdb
-- relation: main.orders (id INTEGER not null, customer_id INTEGER, amount DECIMAL(10,2), status VARCHAR, ordered_at TIMESTAMP) unique (id)
-- relation: main.customers (id INTEGER not null, name VARCHAR, region VARCHAR) unique (id)
-- relation: main.items (id INTEGER, order_id INTEGER, sku VARCHAR, n INTEGER) unique (id) unique (order_id, sku)
-- relation: main.wide (a INTEGER, b VARCHAR) incomplete
select c.region, sum(o.amount) as total, count(distinct o.id) as n, sum(i.n) as pieces
from orders o
join customers c on c.id = o.customer_id
left join items i on i.order_id = o.id
group by c.region
