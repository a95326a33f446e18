-- Aggregates of a field, grouped by another.

-- query
select payload.page as page, sum(payload.ms) as ms from events group by payload.page

-- rows
select list(rowid order by rowid) from events group by payload.page

-- lineage
-- page <- events.payload
-- ms <- events.payload
-- (rows) <- events.payload
