-- A named window, a filter and a frame.
-- dialect: duckdb
-- relation: main.orders (id INTEGER not null, customer_id INTEGER, amount DECIMAL(10,2), status VARCHAR, ordered_at TIMESTAMP) unique (id)
-- relation: main.customers (id INTEGER not null, name VARCHAR, region VARCHAR) unique (id)
-- relation: main.items (id INTEGER, order_id INTEGER, sku VARCHAR, n INTEGER) unique (id) unique (order_id, sku)
-- relation: main.wide (a INTEGER, b VARCHAR) incomplete
select
  sum(amount) filter (where status = 'paid') over w as paid,
  count(*) over () as n,
  lag(status) over (w rows between 1 preceding and current row) as before
from orders
window w as (partition by customer_id order by ordered_at)
