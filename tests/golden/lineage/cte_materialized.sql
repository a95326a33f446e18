-- A materialised CTE.

-- query
with t as materialized (select id, amount from orders) select id, amount from t

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- (rows) <-
