-- Fields of a struct.

-- query
select id, payload.page, payload.ms as millis, payload['page'] as bracket, struct_extract(payload, 'ms') as taken from events

-- lineage
-- id <- events.id
-- page <- events.payload
-- millis <- events.payload
-- bracket <- events.payload
-- taken <- events.payload
-- (rows) <-
