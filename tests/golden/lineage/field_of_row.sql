-- A field of the row at which another column is greatest.

-- query
select max_by(o, o.amount).note as note, max_by(o, o.tax)['status'] as status from orders as o

-- lineage
-- note <- orders.amount, orders.note
-- status <- orders.status, orders.tax
-- (rows) <-
