-- The first rows by position.

-- query
select note, amount from orders order by 2 desc limit 2

-- rows
select rowid from orders order by amount desc limit 2

-- lineage
-- note <- orders.note
-- amount <- orders.amount
-- (rows) <- orders.amount
