-- Columns chosen by a lambda.

-- query
select columns(lambda c: c like '%a_') from orders

-- lineage
-- tax <- orders.tax
-- ordered_at <- orders.ordered_at
-- (rows) <-
