-- Columns passed on and renamed.

-- query
select id, customer_id as buyer_id, amount total from orders

-- lineage
-- id <- orders.id
-- buyer_id <- orders.customer_id
-- total <- orders.amount
-- (rows) <-
