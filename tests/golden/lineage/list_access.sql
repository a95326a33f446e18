-- Elements and slices of lists.

-- query
select id, tags[1] as first, tags[2:] as rest, len(tags) as n, list_contains(tags, kind) as own from events

-- lineage
-- id <- events.id
-- first <- events.tags
-- rest <- events.tags
-- n <- events.tags
-- own <- events.kind, events.tags
-- (rows) <-
