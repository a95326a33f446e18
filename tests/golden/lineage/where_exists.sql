-- A filter by a correlated EXISTS.

-- query
select c.name, c.email from customers as c where exists (select 1 from orders as o where o.customer_id = c.id and o.amount > 15)

-- rows
select c.rowid from customers as c where exists (select 1 from orders as o where o.customer_id = c.id and o.amount > 15)

-- lineage
-- name <- customers.name
-- email <- customers.email
-- (rows) <- customers.id, orders.amount, orders.customer_id
