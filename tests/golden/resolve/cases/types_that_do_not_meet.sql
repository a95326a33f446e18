-- Comparisons, sums and cases that cannot be meant.
-- dialect: duckdb
-- relation: main.orders (id INTEGER not null, customer_id INTEGER, amount DECIMAL(10,2), status VARCHAR, ordered_at TIMESTAMP) unique (id)
-- relation: main.customers (id INTEGER not null, name VARCHAR, region VARCHAR) unique (id)
-- relation: main.items (id INTEGER, order_id INTEGER, sku VARCHAR, n INTEGER) unique (id) unique (order_id, sku)
-- relation: main.wide (a INTEGER, b VARCHAR) incomplete
select sum(status) as a, amount + status as b, case when id = 1 then amount else 'none' end as c
from orders
where amount > 'a lot' and ordered_at = 5 and customer_id in (1, 'two') and status = 1
  and ordered_at between '2020-01-01' and 'later'
