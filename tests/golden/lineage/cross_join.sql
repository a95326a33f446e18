-- A cross join, written in two ways.
-- key: status, name, owner, amount

-- query
select o.status, o.amount, c.name, g.owner from orders as o cross join customers as c, goals as g

-- lineage
-- status <- orders.status
-- amount <- orders.amount
-- name <- customers.name
-- owner <- goals.owner
-- (rows) <-
