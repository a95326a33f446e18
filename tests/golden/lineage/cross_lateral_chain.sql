-- Lateral subqueries that read each other.

-- query
select o.id, b.v from orders as o, lateral (select o.amount + o.tax as g) as a, lateral (select a.g * o.customer_id as v) as b

-- lineage
-- id <- orders.id
-- v <- orders.amount, orders.customer_id, orders.tax
-- (rows) <-
