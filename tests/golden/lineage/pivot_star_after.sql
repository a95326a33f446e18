-- A star over a PIVOT in a CTE, with arithmetic of its columns.
-- key: customer_id

-- query
with p as (pivot (select customer_id, status, amount from orders) on status in ('paid', 'open') using sum(amount) group by customer_id)
select *, coalesce(paid, 0) + coalesce(open, 0) as both_ from p

-- rows
select list(rowid order by rowid) from orders group by customer_id

-- lineage
-- customer_id <- orders.customer_id
-- paid <- orders.amount, orders.status
-- open <- orders.amount, orders.status
-- both_ <- orders.amount, orders.status
-- (rows) <- orders.customer_id
