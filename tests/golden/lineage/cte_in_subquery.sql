-- A CTE inside of a scalar subquery.
-- key: id

-- query
select id, (with m as (select max(amount) as top from orders where status = 'open') select top from m) as top from customers

-- lineage
-- id <- customers.id
-- top <- orders.amount, orders.status
-- (rows) <-
