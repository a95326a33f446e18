-- Rollup with its level.

-- query
select status, note, grouping(status, note) as level, sum(amount) as total from orders group by rollup (status, note)

-- rows
select list(rowid order by rowid), grouping(status, note) from orders group by rollup (status, note)

-- lineage
-- status <- orders.status
-- note <- orders.note
-- level <-
-- total <- orders.amount
-- (rows) <- orders.note, orders.status
