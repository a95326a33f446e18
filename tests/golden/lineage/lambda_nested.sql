-- A lambda within a lambda.

-- query
select id, list_transform(tags, lambda t: list_transform([kind], lambda k: k || t || user_id)) as grid from events

-- lineage
-- id <- events.id
-- grid <- events.kind, events.tags, events.user_id
-- (rows) <-
