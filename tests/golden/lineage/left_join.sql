-- A left join.

-- query
select o.id, o.amount, c.name from orders as o left join customers as c on o.customer_id = c.id

-- rows
select o.rowid, c.rowid from orders as o left join customers as c on o.customer_id = c.id

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- name <- customers.name
-- (rows) <- customers.id, orders.customer_id
