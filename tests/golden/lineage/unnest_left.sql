-- A list unnested, rows without one kept.

-- query
select e.id, t.tag from events as e left join unnest(e.tags) as t (tag) on true

-- rows
select e.rowid, s.i from events as e left join unnest(generate_series(1, len(e.tags))) as s (i) on true

-- lineage
-- id <- events.id
-- tag <- events.tags
-- (rows) <- events.tags
