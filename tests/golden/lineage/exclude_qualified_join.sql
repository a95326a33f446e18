-- Stars of both sides, without the key of one.
-- alike: orders.customer_id, customers.id
-- key: note, amount

-- query
select o.* exclude (ordered_at), c.* exclude (id, joined, vip) from orders as o join customers as c on c.id = o.customer_id

-- rows
select o.rowid, c.rowid from orders as o join customers as c on c.id = o.customer_id

-- lineage
-- id <- orders.id
-- customer_id <- customers.id | orders.customer_id
-- amount <- orders.amount
-- tax <- orders.tax
-- status <- orders.status
-- note <- orders.note
-- name <- customers.name
-- email <- customers.email
-- region <- customers.region
-- referrer_id <- customers.referrer_id
-- (rows) <- customers.id, orders.customer_id
