-- A star with some columns left out and one replaced.

-- query
select * exclude (note, ordered_at) replace (amount + tax as amount) from orders

-- lineage
-- id <- orders.id
-- customer_id <- orders.customer_id
-- amount <- orders.amount, orders.tax
-- tax <- orders.tax
-- status <- orders.status
-- (rows) <-
