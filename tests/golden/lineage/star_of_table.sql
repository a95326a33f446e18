-- The star of one of two tables.
-- alike: orders.customer_id, customers.id

-- query
select o.*, c.name from orders as o join customers as c on c.id = o.customer_id

-- rows
select o.rowid, c.rowid from orders as o join customers as c on c.id = o.customer_id

-- lineage
-- id <- orders.id
-- customer_id <- customers.id | orders.customer_id
-- amount <- orders.amount
-- tax <- orders.tax
-- status <- orders.status
-- ordered_at <- orders.ordered_at
-- note <- orders.note
-- name <- customers.name
-- (rows) <- customers.id, orders.customer_id
