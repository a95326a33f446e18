-- A CTE hides the table of its name.

-- query
with orders as (select id, tax as amount from orders) select id, amount from orders

-- lineage
-- id <- orders.id
-- amount <- orders.tax
-- (rows) <-
