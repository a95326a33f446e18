-- A list unnested among the columns.

-- query
select id, unnest(tags) as tag from events

-- rows
select rowid, generate_subscripts(tags, 1) from events

-- lineage
-- id <- events.id
-- tag <- events.tags
-- (rows) <- events.tags
