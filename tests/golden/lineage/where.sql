-- A filter decides rows only.

-- query
select id, amount from orders where status = 'paid' and note is not null

-- rows
select rowid from orders where status = 'paid' and note is not null

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- (rows) <- orders.note, orders.status
