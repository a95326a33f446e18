-- A calendar left-joined to a table.

-- query
select d.day::date as day, o.amount
from generate_series(timestamp '2024-01-01', timestamp '2024-01-20', interval 1 day) as d (day)
left join orders as o on date_trunc('day', o.ordered_at) = d.day

-- rows
select d.day, o.rowid from generate_series(timestamp '2024-01-01', timestamp '2024-01-20', interval 1 day) as d (day)
left join orders as o on date_trunc('day', o.ordered_at) = d.day

-- lineage
-- day <-
-- amount <- orders.amount
-- (rows) <- orders.ordered_at
