-- CASE whose branches are all constants is made of its conditions.

-- query
select id, case when amount > 50 then 'big' else 'small' end as size from orders

-- lineage
-- id <- orders.id
-- size <- orders.amount
-- (rows) <-
