-- A semi join.

-- query
select c.name, c.email from customers as c semi join orders as o on o.customer_id = c.id and o.status = 'paid'

-- rows
select c.rowid from customers as c where exists (select 1 from orders as o where o.customer_id = c.id and o.status = 'paid')

-- lineage
-- name <- customers.name
-- email <- customers.email
-- (rows) <- customers.id, orders.customer_id, orders.status
