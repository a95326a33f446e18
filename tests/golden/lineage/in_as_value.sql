-- IN as a value.
-- key: id
-- key: name

-- query
select id, name, id in (select customer_id from orders where status = 'paid') as has_paid from customers

-- lineage
-- id <- customers.id
-- name <- customers.name
-- has_paid <- customers.id, orders.customer_id, orders.status
-- (rows) <-
