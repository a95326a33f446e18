-- Aggregates by a column.

-- query
select status, sum(amount) as total, count(*) as n from orders group by status

-- rows
select list(rowid order by rowid) from orders group by status

-- lineage
-- status <- orders.status
-- total <- orders.amount
-- n <- (count)
-- (rows) <- orders.status
