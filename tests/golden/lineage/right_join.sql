-- A right join.

-- query
select o.note, o.amount, c.name, c.id from orders as o right join customers as c on o.customer_id = c.id

-- rows
select o.rowid, c.rowid from orders as o right join customers as c on o.customer_id = c.id

-- lineage
-- note <- orders.note
-- amount <- orders.amount
-- name <- customers.name
-- id <- customers.id
-- (rows) <- customers.id, orders.customer_id
