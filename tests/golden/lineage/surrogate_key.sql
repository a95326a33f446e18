-- A hash of columns.

-- query
select md5(concat_ws('|', id, coalesce(note, ''), status)) as key, hash(amount) as h from orders

-- lineage
-- key <- orders.id, orders.note, orders.status
-- h <- orders.amount
-- (rows) <-
