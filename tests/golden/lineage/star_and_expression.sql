-- An expression, a star, another expression.

-- query
select amount * 2 as twice, *, amount + tax as gross from orders

-- lineage
-- twice <- orders.amount
-- id <- orders.id
-- customer_id <- orders.customer_id
-- amount <- orders.amount
-- tax <- orders.tax
-- status <- orders.status
-- ordered_at <- orders.ordered_at
-- note <- orders.note
-- gross <- orders.amount, orders.tax
-- (rows) <-
