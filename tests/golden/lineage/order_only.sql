-- An order alone decides nothing.

-- query
select id, note from orders order by amount desc, ordered_at

-- lineage
-- id <- orders.id
-- note <- orders.note
-- (rows) <-
