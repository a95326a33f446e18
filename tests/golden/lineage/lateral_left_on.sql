-- A lateral join with a condition of its own.

-- query
select c.name, t.note from customers as c left join lateral (select o.note, o.tax from orders as o where o.customer_id = c.id) as t on t.tax > 2

-- rows
select c.rowid, t.r from customers as c left join lateral (select o.rowid as r, o.tax from orders as o where o.customer_id = c.id) as t on t.tax > 2

-- lineage
-- name <- customers.name
-- note <- orders.note
-- (rows) <- customers.id, orders.customer_id, orders.tax
