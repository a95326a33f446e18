-- A join whose condition filters one side.

-- query
select c.name, o.amount from customers as c left join orders as o on o.customer_id = c.id and o.status = 'paid'

-- rows
select c.rowid, o.rowid from customers as c left join orders as o on o.customer_id = c.id and o.status = 'paid'

-- lineage
-- name <- customers.name
-- amount <- orders.amount
-- (rows) <- customers.id, orders.customer_id, orders.status
