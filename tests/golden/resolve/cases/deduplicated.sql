-- row_number() = 1 makes a key, in QUALIFY and behind a subquery.
-- dialect: duckdb
-- relation: main.orders (id INTEGER not null, customer_id INTEGER, amount DECIMAL(10,2), status VARCHAR, ordered_at TIMESTAMP) unique (id)
-- relation: main.customers (id INTEGER not null, name VARCHAR, region VARCHAR) unique (id)
-- relation: main.items (id INTEGER, order_id INTEGER, sku VARCHAR, n INTEGER) unique (id) unique (order_id, sku)
-- relation: main.wide (a INTEGER, b VARCHAR) incomplete
with latest as (
  select *, row_number() over (partition by customer_id order by ordered_at desc) as rn from orders
)
select l.customer_id, l.amount, c.name from latest l left join customers c on c.id = l.customer_id where l.rn = 1
