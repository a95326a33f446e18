-- As many rows as a column says.
-- unseen: n <- trades.qty: the numbers are computed from the column, and a row of one stays a row of it

-- query
select t.id, s.n from trades as t, lateral (select unnest(range(t.qty % 4)) as n) as s

-- rows
select t.rowid, s.n from trades as t, lateral (select unnest(range(t.qty % 4)) as n) as s

-- lineage
-- id <- trades.id
-- n <-
-- (rows) <- trades.qty
