-- Aggregates by position.

-- query
select upper(status) as state, date_trunc('month', ordered_at) as month, sum(amount) as total from orders group by 1, 2

-- rows
select list(rowid order by rowid) from orders group by upper(status), date_trunc('month', ordered_at)

-- lineage
-- state <- orders.status
-- month <- orders.ordered_at
-- total <- orders.amount
-- (rows) <- orders.ordered_at, orders.status
