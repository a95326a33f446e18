-- DISTINCT decides the rows.

-- query
select distinct status, note is null as bare from orders

-- rows
select list(rowid order by rowid) from orders group by status, note is null

-- lineage
-- status <- orders.status
-- bare <- orders.note
-- (rows) <- orders.note, orders.status
