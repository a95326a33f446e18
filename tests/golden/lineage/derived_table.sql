-- A derived table with renamed columns.

-- query
select t.a, t.b + 1 as c from (select id as a, qty as b from trades) as t

-- lineage
-- a <- trades.id
-- c <- trades.qty
-- (rows) <-
