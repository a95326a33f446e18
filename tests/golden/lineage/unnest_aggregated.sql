-- A list unnested and gathered again.

-- query
select e.kind, list(t.tag order by t.tag) as tags from events as e, unnest(e.tags) as t (tag) group by e.kind

-- rows
select list((e.rowid, s.i) order by e.rowid, s.i) from events as e, unnest(generate_series(1, len(e.tags))) as s (i) group by e.kind

-- lineage
-- kind <- events.kind
-- tags <- events.tags
-- (rows) <- events.kind, events.tags
