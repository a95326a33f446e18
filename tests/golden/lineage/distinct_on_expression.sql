-- The first row of each group of an expression.

-- query
select distinct on (date_trunc('month', ordered_at)) note, amount from orders order by date_trunc('month', ordered_at), tax desc

-- rows
select first(rowid order by tax desc), list(rowid order by rowid) from orders group by date_trunc('month', ordered_at)

-- lineage
-- note <- orders.note
-- amount <- orders.amount
-- (rows) <- orders.ordered_at, orders.tax
