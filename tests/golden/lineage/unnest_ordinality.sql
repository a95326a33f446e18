-- A list unnested with its positions.

-- query
select e.id, t.tag, t.n from events as e, unnest(e.tags) with ordinality as t (tag, n)

-- rows
select e.rowid, s.i from events as e, unnest(generate_series(1, len(e.tags))) as s (i)

-- lineage
-- id <- events.id
-- tag <- events.tags
-- n <-
-- (rows) <- events.tags
