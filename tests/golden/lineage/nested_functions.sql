-- Functions of functions.

-- query
select id, upper(substr(coalesce(note, status), 1, length(status) - 1)) as code from orders

-- lineage
-- id <- orders.id
-- code <- orders.note, orders.status
-- (rows) <-
