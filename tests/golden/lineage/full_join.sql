-- A full join.

-- query
select o.amount, c.name, coalesce(o.customer_id, c.id) as customer from orders as o full join customers as c on o.customer_id = c.id

-- rows
select o.rowid, c.rowid from orders as o full join customers as c on o.customer_id = c.id

-- lineage
-- amount <- orders.amount
-- name <- customers.name
-- customer <- customers.id, orders.customer_id
-- (rows) <- customers.id, orders.customer_id
