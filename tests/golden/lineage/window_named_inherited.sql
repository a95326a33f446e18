-- A window that refines a named one.
-- key: id
-- key: amount

-- query
select id, amount, first_value(note) over (w order by tax desc) as top, count(note) over w as notes from orders window w as (partition by status)

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- top <- orders.note, orders.status, orders.tax
-- notes <- orders.note, orders.status
-- (rows) <-
