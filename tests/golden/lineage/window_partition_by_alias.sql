-- A window by the alias of an earlier column.
-- key: id

-- query
select id, left(status, 1) as s, sum(tax) over (partition by s) as total from orders

-- lineage
-- id <- orders.id
-- s <- orders.status
-- total <- orders.status, orders.tax
-- (rows) <-
