-- A sum of many terms.

-- query
select id, amount + tax + 1 + amount + 2 + tax + 3 + id + 4 + amount + 5 + customer_id + 6 as sum from orders

-- lineage
-- id <- orders.id
-- sum <- orders.amount, orders.customer_id, orders.id, orders.tax
-- (rows) <-
