-- PIVOT with its values listed.
-- key: customer_id

-- query
pivot (select customer_id, status, amount from orders) on status in ('paid', 'open') using sum(amount) group by customer_id

-- rows
select list(rowid order by rowid) from orders group by customer_id

-- lineage
-- customer_id <- orders.customer_id
-- paid <- orders.amount, orders.status
-- open <- orders.amount, orders.status
-- (rows) <- orders.customer_id
