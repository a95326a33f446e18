-- Ordered-set aggregates.

-- query
select percentile_cont(0.5) within group (order by amount) as median, mode() within group (order by status) as usual, quantile_cont(tax, 0.25) as low from orders

-- lineage
-- median <- orders.amount
-- usual <- orders.status
-- low <- orders.tax
-- (rows) <-
