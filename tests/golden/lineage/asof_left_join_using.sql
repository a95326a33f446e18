-- An as-of left join by USING.
-- alike: trades.symbol, quotes.symbol

-- query
select id, symbol, ts, bid from trades asof left join quotes using (symbol, ts)

-- rows
select t.rowid, q.rowid from trades as t asof left join quotes as q on t.symbol = q.symbol and t.ts >= q.ts

-- lineage
-- id <- trades.id
-- symbol <- quotes.symbol | trades.symbol
-- ts <- trades.ts
-- bid <- quotes.bid
-- (rows) <- quotes.symbol, quotes.ts, trades.symbol, trades.ts
