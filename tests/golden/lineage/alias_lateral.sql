-- An alias used by a later column.

-- query
select id, amount + tax as gross, gross * 2 as twice, twice - amount as rest from orders

-- lineage
-- id <- orders.id
-- gross <- orders.amount, orders.tax
-- twice <- orders.amount, orders.tax
-- rest <- orders.amount, orders.tax
-- (rows) <-
