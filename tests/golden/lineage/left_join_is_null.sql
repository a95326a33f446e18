-- An anti join by IS NULL.

-- query
select o.note, o.amount from orders as o left join customers as c on c.id = o.customer_id where c.id is null

-- rows
select o.rowid, c.rowid from orders as o left join customers as c on c.id = o.customer_id where c.id is null

-- lineage
-- note <- orders.note
-- amount <- orders.amount
-- (rows) <- customers.id, orders.customer_id
