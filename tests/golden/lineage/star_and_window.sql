-- A star beside a window function.
-- key: note, amount
-- key: amount
-- key: id

-- query
select *, row_number() over (partition by status order by ordered_at) as nth from orders

-- lineage
-- id <- orders.id
-- customer_id <- orders.customer_id
-- amount <- orders.amount
-- tax <- orders.tax
-- status <- orders.status
-- ordered_at <- orders.ordered_at
-- note <- orders.note
-- nth <- orders.ordered_at, orders.status
-- (rows) <-
