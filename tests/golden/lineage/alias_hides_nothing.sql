-- A column goes before an alias of its name.

-- query
select id, tax as amount, amount * 2 as twice from orders

-- lineage
-- id <- orders.id
-- amount <- orders.tax
-- twice <- orders.amount
-- (rows) <-
