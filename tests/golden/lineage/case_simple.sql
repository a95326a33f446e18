-- CASE over the values of a column.

-- query
select id, case status when 'paid' then 1 when 'open' then 2 else 3 end as rank from orders

-- lineage
-- id <- orders.id
-- rank <- orders.status
-- (rows) <-
