-- A limit that a subquery computes.

-- query
select id, note from orders order by amount limit (select max(goal) // 100 from goals)

-- rows
select rowid from orders order by amount limit (select max(goal) // 100 from goals)

-- lineage
-- id <- orders.id
-- note <- orders.note
-- (rows) <- goals.goal, orders.amount
