-- A CTE and the table that it hides, told apart by the schema.

-- query
with orders as (select id, name as status from customers) select o.status as name, t.status from orders as o join main.orders as t on t.customer_id = o.id

-- rows
select c.rowid, t.rowid from customers as c join main.orders as t on t.customer_id = c.id

-- lineage
-- name <- customers.name
-- status <- orders.status
-- (rows) <- customers.id, orders.customer_id
