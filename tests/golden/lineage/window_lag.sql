-- Values of other rows.
-- key: id
-- key: ordered_at

-- query
select id, ordered_at, lag(amount) over (partition by customer_id order by ordered_at) as before, lead(note, 1, status) over (order by id) as next from orders

-- lineage
-- id <- orders.id
-- ordered_at <- orders.ordered_at
-- before <- orders.amount, orders.customer_id, orders.ordered_at
-- next <- orders.id, orders.note, orders.status
-- (rows) <-
