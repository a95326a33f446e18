-- A group column that is not among the outputs.

-- query
select sum(amount) as total from orders group by status

-- rows
select list(rowid order by rowid) from orders group by status

-- lineage
-- total <- orders.amount
-- (rows) <- orders.status
