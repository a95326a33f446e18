-- The first whole row of each group.

-- query
select distinct on (status) * exclude (customer_id) from orders order by status, amount desc

-- rows
select first(rowid order by amount desc), list(rowid order by rowid) from orders group by status

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- tax <- orders.tax
-- status <- orders.status
-- ordered_at <- orders.ordered_at
-- note <- orders.note
-- (rows) <- orders.amount, orders.status
