-- WHERE takes the column before the alias.

-- query
select id, tax as amount from orders where amount > 30

-- rows
select rowid from orders where amount > 30

-- lineage
-- id <- orders.id
-- amount <- orders.tax
-- (rows) <- orders.amount
