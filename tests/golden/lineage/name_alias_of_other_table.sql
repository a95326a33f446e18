-- An alias that is the name of another table.

-- query
select orders.id, orders.name from customers as orders

-- lineage
-- id <- customers.id
-- name <- customers.name
-- (rows) <-
