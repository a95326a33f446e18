-- A common table expression.

-- query
with paid as (select id, amount, status from orders where status = 'paid') select id, amount * 2 as twice from paid

-- rows
select rowid from orders where status = 'paid'

-- lineage
-- id <- orders.id
-- twice <- orders.amount
-- (rows) <- orders.status
