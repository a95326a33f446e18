-- A recursive CTE without a table.

-- query
with recursive n as (select 1 as i union all select i + 1 from n where i < 5) select i from n

-- lineage
-- i <-
-- (rows) <-
