-- The value at the greatest other value.

-- query
select arg_max(note, amount) as note_of_top, max_by(status, tax) as state_of_top, min_by(id, ordered_at) as oldest from orders

-- lineage
-- note_of_top <- orders.amount, orders.note
-- state_of_top <- orders.status, orders.tax
-- oldest <- orders.id, orders.ordered_at
-- (rows) <-
