-- HAVING by an alias.

-- query
select status, count(note) as notes from orders group by status having notes > 0

-- rows
select list(rowid order by rowid) from orders group by status having count(note) > 0

-- lineage
-- status <- orders.status
-- notes <- orders.note
-- (rows) <- orders.note, orders.status
