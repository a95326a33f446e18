-- A pair IN a subquery as a value.
-- key: id
-- key: name

-- query
select id, name, (id, vip) in (select customer_id, status = 'paid' from orders) as matched from customers

-- lineage
-- id <- customers.id
-- name <- customers.name
-- matched <- customers.id, customers.vip, orders.customer_id, orders.status
-- (rows) <-
