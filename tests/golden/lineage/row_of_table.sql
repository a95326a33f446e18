-- A whole row as a value.

-- query
select g from goals as g

-- lineage
-- g <- goals.goal, goals.owner, goals.region
-- (rows) <-
