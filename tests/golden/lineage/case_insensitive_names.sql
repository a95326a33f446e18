-- Names in another case than declared.

-- query
select ID, O.Amount as AMOUNT, o.TAX from ORDERS as O

-- lineage
-- id <- orders.id
-- AMOUNT <- orders.amount
-- tax <- orders.tax
-- (rows) <-
