-- A filter by a list from another table.

-- query
select id, name from customers where id in (select customer_id from orders where status = 'paid')

-- rows
select rowid from customers where id in (select customer_id from orders where status = 'paid')

-- lineage
-- id <- customers.id
-- name <- customers.name
-- (rows) <- customers.id, orders.customer_id, orders.status
