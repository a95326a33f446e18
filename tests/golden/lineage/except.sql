-- EXCEPT.

-- query
select customer_id from orders except select id from customers where vip

-- rows
select list(rowid order by rowid) from orders as o
where not exists (select 1 from customers as c where c.vip and c.id is not distinct from o.customer_id) group by customer_id

-- lineage
-- customer_id <- orders.customer_id
-- (rows) <- customers.id, customers.vip, orders.customer_id
