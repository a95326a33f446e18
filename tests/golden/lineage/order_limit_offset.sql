-- A page.

-- query
select id, amount from orders order by ordered_at limit 2 offset 2

-- rows
select rowid from orders order by ordered_at limit 2 offset 2

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- (rows) <- orders.ordered_at
