-- A window over aggregates.
-- key: status

-- query
select status, sum(amount) as total, rank() over (order by sum(tax) desc) as place from orders group by status

-- rows
select list(rowid order by rowid) from orders group by status

-- lineage
-- status <- orders.status
-- total <- orders.amount
-- place <- orders.tax
-- (rows) <- orders.status
