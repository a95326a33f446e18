-- FROM first.

-- query
from orders select id, amount * 2 as twice where status = 'paid'

-- rows
select rowid from orders where status = 'paid'

-- lineage
-- id <- orders.id
-- twice <- orders.amount
-- (rows) <- orders.status
