-- A CTE of a subquery hides the outer one of its name.

-- query
with x as (select id, amount as v from orders)
select id, v from (with x as (select id, tax as v from orders) select id, v from x) as inner_x

-- lineage
-- id <- orders.id
-- v <- orders.tax
-- (rows) <-
