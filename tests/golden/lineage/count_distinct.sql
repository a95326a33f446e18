-- A count of distinct values.

-- query
select count(distinct status) as kinds, count(distinct (status, note)) as pairs from orders

-- lineage
-- kinds <- orders.status
-- pairs <- orders.note, orders.status
-- (rows) <-
