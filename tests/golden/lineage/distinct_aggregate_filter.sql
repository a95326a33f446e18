-- A distinct count with a filter.

-- query
select count(distinct customer_id) filter (where status = 'paid') as payers, sum(distinct tax) filter (where note is null) as taxes from orders

-- lineage
-- payers <- orders.customer_id, orders.status
-- taxes <- orders.note, orders.tax
-- (rows) <-
