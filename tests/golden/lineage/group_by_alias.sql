-- Aggregates by an alias.

-- query
select left(status, 1) as s, max(tax) as top from orders group by s

-- rows
select list(rowid order by rowid) from orders group by left(status, 1)

-- lineage
-- s <- orders.status
-- top <- orders.tax
-- (rows) <- orders.status
