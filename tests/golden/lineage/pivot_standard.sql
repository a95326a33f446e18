-- PIVOT as the standard writes it.
-- key: customer_id

-- query
select * from (select customer_id, status, amount from orders) pivot (sum(amount) for status in ('paid' as paid, 'open' as opened) group by customer_id)

-- rows
select list(rowid order by rowid) from orders group by customer_id

-- lineage
-- customer_id <- orders.customer_id
-- paid <- orders.amount, orders.status
-- opened <- orders.amount, orders.status
-- (rows) <- orders.customer_id
