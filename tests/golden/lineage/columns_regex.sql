-- Columns by a pattern.

-- query
select id, columns('^(amount|tax)$') from orders

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- tax <- orders.tax
-- (rows) <-
