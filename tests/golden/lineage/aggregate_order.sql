-- Aggregates that have an order.

-- query
select string_agg(note, ',' order by amount desc) as notes, list(status order by ordered_at) as states, first(tax order by id) as first_tax from orders

-- lineage
-- notes <- orders.amount, orders.note
-- states <- orders.ordered_at, orders.status
-- first_tax <- orders.id, orders.tax
-- (rows) <-
