-- A field of a struct that a CTE unnests and gathers.

-- query
with e as (select id, unnest(payload), tags from events), g as (select page, list({'i': id, 'm': ms} order by id) as seen from e group by page) select page, seen[1].m as first_ms from g

-- rows
select list(rowid order by rowid) from events group by payload.page

-- lineage
-- page <- events.payload
-- first_ms <- events.id, events.payload
-- (rows) <- events.payload
