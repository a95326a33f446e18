-- A lateral subquery of expressions only.

-- query
select o.id, t.gross, t.gross * 2 as twice from orders as o, lateral (select o.amount + o.tax as gross) as t

-- lineage
-- id <- orders.id
-- gross <- orders.amount, orders.tax
-- twice <- orders.amount, orders.tax
-- (rows) <-
