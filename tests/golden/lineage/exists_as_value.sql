-- EXISTS as a value.
-- key: id
-- key: name

-- query
select id, name, exists (select 1 from orders as o where o.customer_id = c.id and o.status = 'open') as has_open from customers as c

-- lineage
-- id <- customers.id
-- name <- customers.name
-- has_open <- customers.id, orders.customer_id, orders.status
-- (rows) <-
