-- Two lists unnested side by side.

-- query
select id, unnest(tags) as tag, unnest([1, 2]) as n from events

-- rows
select rowid, unnest(generate_series(1, greatest(len(tags), 2))) from events

-- lineage
-- id <- events.id
-- tag <- events.tags
-- n <-
-- (rows) <- events.tags
