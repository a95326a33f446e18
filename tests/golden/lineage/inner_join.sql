-- An inner join.

-- query
select o.note, o.amount, c.name from orders as o inner join customers as c on o.customer_id = c.id

-- rows
select o.rowid, c.rowid from orders as o inner join customers as c on o.customer_id = c.id

-- lineage
-- note <- orders.note
-- amount <- orders.amount
-- name <- customers.name
-- (rows) <- customers.id, orders.customer_id
