-- A star over a star over an expression.

-- query
select * from (select *, amount + tax as gross from (select * exclude (note) from orders)) as o

-- lineage
-- id <- orders.id
-- customer_id <- orders.customer_id
-- amount <- orders.amount
-- tax <- orders.tax
-- status <- orders.status
-- ordered_at <- orders.ordered_at
-- gross <- orders.amount, orders.tax
-- (rows) <-
