-- Aliases before their expressions.

-- query
select key: id, gross: amount + tax from orders

-- lineage
-- key <- orders.id
-- gross <- orders.amount, orders.tax
-- (rows) <-
