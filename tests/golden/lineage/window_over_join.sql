-- A window over a join.
-- key: note, name

-- query
select o.note, c.name, sum(o.amount) over (partition by c.region order by o.ordered_at) as running from orders as o join customers as c on c.id = o.customer_id

-- rows
select o.rowid, c.rowid from orders as o join customers as c on c.id = o.customer_id

-- lineage
-- note <- orders.note
-- name <- customers.name
-- running <- customers.region, orders.amount, orders.ordered_at
-- (rows) <- customers.id, orders.customer_id
