-- A filter on a column that is passed on too.

-- query
select id, amount from orders where amount > 30

-- rows
select rowid from orders where amount > 30

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- (rows) <- orders.amount
