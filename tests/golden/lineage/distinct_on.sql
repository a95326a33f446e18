-- The first row of each group.

-- query
select distinct on (status) status, id, amount from orders order by status, ordered_at desc

-- rows
select first(rowid order by ordered_at desc), list(rowid order by rowid) from orders group by status

-- lineage
-- status <- orders.status
-- id <- orders.id
-- amount <- orders.amount
-- (rows) <- orders.ordered_at, orders.status
