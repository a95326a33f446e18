-- A join of aggregates.

-- query
select c.name, t.total from customers as c join (select customer_id, sum(amount) as total from orders group by customer_id) as t on t.customer_id = c.id

-- rows
select c.rowid, t.r from customers as c join (select customer_id, list(rowid order by rowid) as r from orders group by customer_id) as t on t.customer_id = c.id

-- lineage
-- name <- customers.name
-- total <- orders.amount
-- (rows) <- customers.id, orders.customer_id
