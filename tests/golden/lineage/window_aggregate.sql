-- Running sums.
-- key: id
-- key: ordered_at

-- query
select id, ordered_at, sum(amount) over (partition by status order by ordered_at) as running, avg(tax) over () as mean from orders

-- lineage
-- id <- orders.id
-- ordered_at <- orders.ordered_at
-- running <- orders.amount, orders.ordered_at, orders.status
-- mean <- orders.tax
-- (rows) <-
