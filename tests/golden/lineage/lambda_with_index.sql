-- A lambda with the position.

-- query
select id, list_transform(tags, lambda t, i: t || i || kind) as numbered from events

-- lineage
-- id <- events.id
-- numbered <- events.kind, events.tags
-- (rows) <-
