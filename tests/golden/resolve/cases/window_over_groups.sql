-- A window over the sums of groups.
-- dialect: duckdb
-- relation: main.orders (id INTEGER not null, customer_id INTEGER, amount DECIMAL(10,2), status VARCHAR, ordered_at TIMESTAMP) unique (id)
-- relation: main.customers (id INTEGER not null, name VARCHAR, region VARCHAR) unique (id)
-- relation: main.items (id INTEGER, order_id INTEGER, sku VARCHAR, n INTEGER) unique (id) unique (order_id, sku)
-- relation: main.wide (a INTEGER, b VARCHAR) incomplete
select status, sum(amount) as total, sum(sum(amount)) over (order by status) as running
from orders group by status
