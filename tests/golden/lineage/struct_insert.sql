-- A struct with one more field, of which one is read.

-- query
select id, struct_insert(payload, who := user_id) as more from events

-- lineage
-- id <- events.id
-- more <- events.payload, events.user_id
-- (rows) <-
