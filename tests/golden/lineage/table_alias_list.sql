-- A table with a list of column names.

-- query
select a, c from trades as t (a, b, c, d)

-- lineage
-- a <- trades.id
-- c <- trades.ts
-- (rows) <-
