-- A CTE that nobody reads gives nothing, but its mistakes are found.
-- dialect: duckdb
-- relation: main.orders (id INTEGER not null, customer_id INTEGER, amount DECIMAL(10,2), status VARCHAR, ordered_at TIMESTAMP) unique (id)
-- relation: main.customers (id INTEGER not null, name VARCHAR, region VARCHAR) unique (id)
-- relation: main.items (id INTEGER, order_id INTEGER, sku VARCHAR, n INTEGER) unique (id) unique (order_id, sku)
-- relation: main.wide (a INTEGER, b VARCHAR) incomplete
with unread as (select nope from customers where region = 'x') select id from orders
