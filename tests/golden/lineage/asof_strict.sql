-- An as-of join by less than, without an equality.

-- query
select t.id, q.bid from trades as t asof join quotes as q on t.ts < q.ts

-- rows
select t.rowid, q.rowid from trades as t asof join quotes as q on t.ts < q.ts

-- lineage
-- id <- trades.id
-- bid <- quotes.bid
-- (rows) <- quotes.ts, trades.ts
