-- The last known value.
-- key: id

-- query
select id, last_value(note ignore nulls) over (order by ordered_at) as last_note from orders

-- lineage
-- id <- orders.id
-- last_note <- orders.note, orders.ordered_at
-- (rows) <-
