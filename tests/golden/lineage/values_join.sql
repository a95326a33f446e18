-- Written rows joined to a table.

-- query
select o.note, v.label from orders as o join (values ('paid', 'Paid'), ('open', 'Open')) as v (code, label) on v.code = o.status

-- rows
select o.rowid, v.code from orders as o join (values ('paid', 'Paid'), ('open', 'Open')) as v (code, label) on v.code = o.status

-- lineage
-- note <- orders.note
-- label <-
-- (rows) <- orders.status
