-- A join by an expression of both sides.

-- query
select c.name, o.status from customers as c join orders as o on c.id + 1 = o.customer_id + 1 and upper(c.region) <> o.status

-- rows
select c.rowid, o.rowid from customers as c join orders as o on c.id + 1 = o.customer_id + 1 and upper(c.region) <> o.status

-- lineage
-- name <- customers.name
-- status <- orders.status
-- (rows) <- customers.id, customers.region, orders.customer_id, orders.status
