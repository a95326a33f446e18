-- Written rows.

-- query
select v.a, v.b || 'x' as c from (values (1, 'p'), (2, 'q')) as v (a, b)

-- lineage
-- a <-
-- c <-
-- (rows) <-
