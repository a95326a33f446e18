-- Each name that does not exist, at its place, with what may have been meant.
-- dialect: duckdb
-- relation: main.orders (id INTEGER not null, customer_id INTEGER, amount DECIMAL(10,2), status VARCHAR, ordered_at TIMESTAMP) unique (id)
-- relation: main.customers (id INTEGER not null, name VARCHAR, region VARCHAR) unique (id)
-- relation: main.items (id INTEGER, order_id INTEGER, sku VARCHAR, n INTEGER) unique (id) unique (order_id, sku)
-- relation: main.wide (a INTEGER, b VARCHAR) incomplete
select o.custmer_id, o.amount, x.id, statsu
from orders o
join custmers c on c.id = o.customer_id
left join items i using (order_idd)
where o.nothing_like_it is null
group by 1, 7
