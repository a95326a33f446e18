-- A recursive CTE whose columns change places.
-- key: id, n

-- query
with recursive t (id, a, b, n) as (select id, qty, symbol, 1 from trades union all select id, a + n, b || '!', n + 1 from t where n < 3) select id, a, b, n from t

-- lineage
-- id <- trades.id
-- a <- trades.qty
-- b <- trades.symbol
-- n <-
-- (rows) <-
