-- ORDER BY ALL with a limit.

-- query
select status, amount from orders order by all limit 2

-- rows
select rowid from orders order by status, amount limit 2

-- lineage
-- status <- orders.status
-- amount <- orders.amount
-- (rows) <- orders.amount, orders.status
