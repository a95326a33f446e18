-- All fields of a struct.

-- query
select id, payload.* from events

-- lineage
-- id <- events.id
-- page <- events.payload
-- ms <- events.payload
-- (rows) <-
