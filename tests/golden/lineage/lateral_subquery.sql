-- A lateral subquery.
-- key: name

-- query
select c.name, t.top from customers as c, lateral (select max(o.amount) as top from orders as o where o.customer_id = c.id) as t

-- rows
select rowid from customers

-- lineage
-- name <- customers.name
-- top <- customers.id, orders.amount, orders.customer_id
-- (rows) <-
