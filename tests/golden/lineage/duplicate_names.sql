-- Two output columns of one name.

-- query
select id, amount, tax as amount, id from orders

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- amount_1 <- orders.tax
-- id_1 <- orders.id
-- (rows) <-
