-- Five levels of derived tables.

-- query
select a5 from (select a4 + 1 as a5 from (select a3 * 2 as a4 from (select a2 as a3 from (select qty + id as a2 from trades) as t1) as t2) as t3) as t4

-- lineage
-- a5 <- trades.id, trades.qty
-- (rows) <-
