-- A lateral join that gives several rows.

-- query
select c.name, t.amount from customers as c join lateral (select o.amount from orders as o where o.customer_id = c.id order by o.amount desc limit 1) as t on true

-- rows
select c.rowid, t.r from customers as c join lateral (select o.rowid as r from orders as o where o.customer_id = c.id order by o.amount desc limit 1) as t on true

-- lineage
-- name <- customers.name
-- amount <- orders.amount
-- (rows) <- customers.id, orders.amount, orders.customer_id
