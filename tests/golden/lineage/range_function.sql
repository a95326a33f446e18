-- A table function with an alias list.

-- query
select r.n, r.n * 2 as twice from range(5) as r (n)

-- lineage
-- n <-
-- twice <-
-- (rows) <-
