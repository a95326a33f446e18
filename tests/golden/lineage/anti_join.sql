-- An anti join.

-- query
select o.note, o.amount from orders as o anti join customers as c on o.customer_id = c.id

-- rows
select o.rowid from orders as o where not exists (select 1 from customers as c where o.customer_id = c.id)

-- lineage
-- note <- orders.note
-- amount <- orders.amount
-- (rows) <- customers.id, orders.customer_id
