-- HAVING by an alias that is a column too.

-- query
select status, sum(tax) as total, max(tax) as amount from orders group by status having total > 10

-- rows
select list(rowid order by rowid) from orders group by status having sum(tax) > 10

-- lineage
-- status <- orders.status
-- total <- orders.tax
-- amount <- orders.tax
-- (rows) <- orders.status, orders.tax
