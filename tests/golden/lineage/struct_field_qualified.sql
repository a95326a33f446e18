-- A field behind table and column.

-- query
select e.id, e.payload.page as page, e.payload.ms + e.user_id as mixed from events as e

-- lineage
-- id <- events.id
-- page <- events.payload
-- mixed <- events.payload, events.user_id
-- (rows) <-
