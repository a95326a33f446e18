-- A left join of which nothing is selected.

-- query
select c.name from customers as c left join orders as o on o.customer_id = c.id

-- rows
select c.rowid, o.rowid from customers as c left join orders as o on o.customer_id = c.id

-- lineage
-- name <- customers.name
-- (rows) <- customers.id, orders.customer_id
