-- Of two that are not known whole nobody knows which has the column.
-- dialect: duckdb
-- relation: p (a INTEGER) incomplete
-- relation: q (b INTEGER) incomplete
select a, b, c from p, q
