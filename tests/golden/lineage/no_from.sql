-- A query that reads nothing.

-- query
select 1 as a, 'b' as b, [1, 2] as c

-- lineage
-- a <-
-- b <-
-- c <-
-- (rows) <-
