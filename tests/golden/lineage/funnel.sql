-- Several aggregates of filtered counts, by day.

-- query
select seen_at::date as day, count(*) filter (where kind = 'view') as views, count(distinct case when kind = 'click' then user_id end) as clickers, max(payload.ms) as slowest
from events group by day

-- rows
select list(rowid order by rowid) from events group by seen_at::date

-- lineage
-- day <- events.seen_at
-- views <- events.kind
-- clickers <- events.kind, events.user_id
-- slowest <- events.payload
-- (rows) <- events.seen_at
