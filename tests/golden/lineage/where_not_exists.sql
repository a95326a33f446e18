-- A filter by a correlated NOT EXISTS.

-- query
select o.note, o.amount from orders as o where not exists (select * from customers as c where c.id = o.customer_id and c.vip)

-- rows
select o.rowid from orders as o where not exists (select * from customers as c where c.id = o.customer_id and c.vip)

-- lineage
-- note <- orders.note
-- amount <- orders.amount
-- (rows) <- customers.id, customers.vip, orders.customer_id
