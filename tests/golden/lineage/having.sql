-- HAVING decides the groups.

-- query
select status, sum(amount) as total from orders group by status having sum(tax) > 10 and count(*) > 1

-- rows
select list(rowid order by rowid) from orders group by status having sum(tax) > 10 and count(*) > 1

-- lineage
-- status <- orders.status
-- total <- orders.amount
-- (rows) <- orders.status, orders.tax
