-- A list unnested beside its table.

-- query
select e.id, t.tag from events as e, unnest(e.tags) as t (tag)

-- rows
select e.rowid, s.i from events as e, unnest(generate_series(1, len(e.tags))) as s (i)

-- lineage
-- id <- events.id
-- tag <- events.tags
-- (rows) <- events.tags
