-- A derived table with a list of column names.

-- query
select b, a from (select id, qty from trades) as t (a, b)

-- lineage
-- b <- trades.qty
-- a <- trades.id
-- (rows) <-
