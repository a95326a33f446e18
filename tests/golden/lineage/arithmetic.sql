-- Operators of numbers and text.

-- query
select id, amount + tax as gross, amount - tax * 2 as net, -amount as back, status || ' <' || note || '>' as label,
       customer_id % 2 = 0 as even, id // 2 as half, amount ** 2 as square, note ^@ 'g' as starts
from orders

-- lineage
-- id <- orders.id
-- gross <- orders.amount, orders.tax
-- net <- orders.amount, orders.tax
-- back <- orders.amount
-- label <- orders.note, orders.status
-- even <- orders.customer_id
-- half <- orders.id
-- square <- orders.amount
-- starts <- orders.note
-- (rows) <-
