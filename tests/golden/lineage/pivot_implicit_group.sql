-- PIVOT of what is left over.
-- key: customer_id

-- query
from (pivot (select customer_id, status, amount from orders) on status in ('paid', 'open') using sum(amount))

-- rows
select list(rowid order by rowid) from orders group by customer_id

-- lineage
-- customer_id <- orders.customer_id
-- paid <- orders.amount, orders.status
-- open <- orders.amount, orders.status
-- (rows) <- orders.customer_id
