-- GROUP BY ALL.

-- query
select status, note is null as bare, sum(amount) as total from orders group by all

-- rows
select list(rowid order by rowid) from orders group by status, note is null

-- lineage
-- status <- orders.status
-- bare <- orders.note
-- total <- orders.amount
-- (rows) <- orders.note, orders.status
