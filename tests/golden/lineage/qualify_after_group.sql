-- QUALIFY over aggregates.

-- query
select status, sum(amount) as total from orders group by status qualify rank() over (order by sum(tax)) < 3

-- rows
select list(rowid order by rowid) from orders group by status qualify rank() over (order by sum(tax)) < 3

-- lineage
-- status <- orders.status
-- total <- orders.amount
-- (rows) <- orders.status, orders.tax
