-- PIVOT on two columns.
-- key: symbol

-- query
pivot (select symbol, id % 2 = 0 as even, qty, ts::date as day from trades) on even in (true, false) using sum(qty) as total, count(day) as days group by symbol

-- rows
select list(rowid order by rowid) from trades group by symbol

-- lineage
-- symbol <- trades.symbol
-- true_total <- trades.id, trades.qty
-- true_days <- trades.id, trades.ts
-- false_total <- trades.id, trades.qty
-- false_days <- trades.id, trades.ts
-- (rows) <- trades.symbol
