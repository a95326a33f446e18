-- A join by a range of the other table.

-- query
select t.id, q.bid from trades as t join quotes as q on t.ts between q.ts and q.ts + interval 6 minute and t.symbol = q.symbol

-- rows
select t.rowid, q.rowid from trades as t join quotes as q on t.ts between q.ts and q.ts + interval 6 minute and t.symbol = q.symbol

-- lineage
-- id <- trades.id
-- bid <- quotes.bid
-- (rows) <- quotes.symbol, quotes.ts, trades.symbol, trades.ts
