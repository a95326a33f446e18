-- The first rows by an expression.

-- query
select id, note from orders order by case when status = 'open' then tax else amount end limit 2

-- rows
select rowid from orders order by case when status = 'open' then tax else amount end limit 2

-- lineage
-- id <- orders.id
-- note <- orders.note
-- (rows) <- orders.amount, orders.status, orders.tax
