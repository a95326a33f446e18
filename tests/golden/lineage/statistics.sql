-- Aggregates of two columns.

-- query
select corr(amount, tax) as r, covar_pop(amount, id) as c, stddev(tax) as s, regr_slope(amount, id) as slope from orders

-- lineage
-- r <- orders.amount, orders.tax
-- c <- orders.amount, orders.id
-- s <- orders.tax
-- slope <- orders.amount, orders.id
-- (rows) <-
