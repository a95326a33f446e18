-- An as-of join.
-- key: id

-- query
select t.id, t.qty, t.qty * q.bid as worth from trades as t asof join quotes as q on t.symbol = q.symbol and t.ts >= q.ts

-- rows
select t.rowid, q.rowid from trades as t asof join quotes as q on t.symbol = q.symbol and t.ts >= q.ts

-- lineage
-- id <- trades.id
-- qty <- trades.qty
-- worth <- quotes.bid, trades.qty
-- (rows) <- quotes.symbol, quotes.ts, trades.symbol, trades.ts
