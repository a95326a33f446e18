-- A join by a range.

-- query
select o.note, g.owner from orders as o join goals as g on o.amount > g.goal

-- rows
select o.rowid, g.rowid from orders as o join goals as g on o.amount > g.goal

-- lineage
-- note <- orders.note
-- owner <- goals.owner
-- (rows) <- goals.goal, orders.amount
