-- A CTE that nobody reads gives nothing.

-- query
with unread as (select name from customers where vip), used as (select id, status from orders) select id, status from used

-- lineage
-- id <- orders.id
-- status <- orders.status
-- (rows) <-
