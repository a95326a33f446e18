-- A join condition with a subquery.

-- query
select o.note, c.name from orders as o join customers as c on c.id = o.customer_id and o.amount < (select max(goal) from goals)

-- rows
select o.rowid, c.rowid from orders as o join customers as c on c.id = o.customer_id and o.amount < (select max(goal) from goals)

-- lineage
-- note <- orders.note
-- name <- customers.name
-- (rows) <- customers.id, goals.goal, orders.amount, orders.customer_id
