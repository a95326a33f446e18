-- A CTE with a list of column names.

-- query
with t (key, value) as (select id, amount from orders) select value, key from t

-- lineage
-- value <- orders.amount
-- key <- orders.id
-- (rows) <-
