-- A function of every column of a pattern.

-- query
select min(columns('^(amount|tax)$')) from orders

-- lineage
-- amount <- orders.amount
-- tax <- orders.tax
-- (rows) <-
