-- A struct unnested into its fields.

-- query
select id, unnest(payload) from events

-- lineage
-- id <- events.id
-- page <- events.payload
-- ms <- events.payload
-- (rows) <-
