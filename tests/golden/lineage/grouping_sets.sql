-- Grouping sets.

-- query
select status, customer_id, sum(amount) as total from orders group by grouping sets ((status), (customer_id), ())

-- rows
select list(rowid order by rowid), grouping(status, customer_id) from orders group by grouping sets ((status), (customer_id), ())

-- lineage
-- status <- orders.status
-- customer_id <- orders.customer_id
-- total <- orders.amount
-- (rows) <- orders.customer_id, orders.status
