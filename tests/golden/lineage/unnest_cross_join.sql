-- A list unnested by CROSS JOIN, its columns not listed.

-- query
select e.id, t.unnest as tag from events as e cross join unnest(e.tags) as t

-- rows
select e.rowid, s.i from events as e, unnest(generate_series(1, len(e.tags))) as s (i)

-- lineage
-- id <- events.id
-- tag <- events.tags
-- (rows) <- events.tags
