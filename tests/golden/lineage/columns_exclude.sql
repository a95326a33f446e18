-- Every column but some, in an expression.

-- query
select columns(* exclude (id, ordered_at, status, note, customer_id)) * 2 from orders

-- lineage
-- amount <- orders.amount
-- tax <- orders.tax
-- (rows) <-
