-- A list comprehension.

-- query
select id, [upper(t) || user_id for t in tags if t <> kind] as loud from events

-- lineage
-- id <- events.id
-- loud <- events.kind, events.tags, events.user_id
-- (rows) <-
