-- The first rows by an order that is no output.

-- query
select id, note from orders order by amount desc limit 3

-- rows
select rowid from orders order by amount desc limit 3

-- lineage
-- id <- orders.id
-- note <- orders.note
-- (rows) <- orders.amount
