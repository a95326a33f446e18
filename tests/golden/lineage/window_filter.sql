-- A filtered window.
-- key: id
-- key: amount

-- query
select id, amount, sum(amount) filter (where note is not null) over (order by ordered_at) as noted from orders

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- noted <- orders.amount, orders.note, orders.ordered_at
-- (rows) <-
