-- Columns behind a schema and a table.

-- query
select main.orders.id, orders.amount as total from main.orders

-- lineage
-- id <- orders.id
-- total <- orders.amount
-- (rows) <-
