-- The first element of an ordered list.

-- query
select status, (list(note order by amount desc))[1] as top_note, list(id order by tax)[-1] as last_id from orders group by status

-- rows
select list(rowid order by rowid) from orders group by status

-- lineage
-- status <- orders.status
-- top_note <- orders.amount, orders.note
-- last_id <- orders.id, orders.tax
-- (rows) <- orders.status
