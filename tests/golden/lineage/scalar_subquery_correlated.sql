-- A correlated scalar subquery.
-- key: id
-- key: name

-- query
select id, name, (select max(o.amount) from orders as o where o.customer_id = c.id and o.status <> 'lost') as top from customers as c

-- lineage
-- id <- customers.id
-- name <- customers.name
-- top <- customers.id, orders.amount, orders.customer_id, orders.status
-- (rows) <-
