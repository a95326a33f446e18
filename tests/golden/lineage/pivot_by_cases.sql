-- A pivot by hand.
-- key: customer_id

-- query
select customer_id, sum(case when status = 'paid' then amount end) as paid, sum(case when status = 'open' then tax end) as open_tax from orders group by customer_id

-- rows
select list(rowid order by rowid) from orders group by customer_id

-- lineage
-- customer_id <- orders.customer_id
-- paid <- orders.amount, orders.status
-- open_tax <- orders.status, orders.tax
-- (rows) <- orders.customer_id
