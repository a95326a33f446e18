-- The entries of a map unnested.
-- unseen: k <- events.payload: a map that is built from lists keeps what is in it together
-- unseen: v <- events.kind: a map that is built from lists keeps what is in it together
-- unseen: (rows) <- events.kind: a map that is built from lists keeps what is in it together
-- unseen: (rows) <- events.payload: a map that is built from lists keeps what is in it together

-- query
select id, e.entry.key as k, e.entry.value as v from (select id, map([kind], [payload.page]) as m from events) as s, unnest(map_entries(s.m)) as e (entry)

-- lineage
-- id <- events.id
-- k <- events.kind
-- v <- events.payload
-- (rows) <-
