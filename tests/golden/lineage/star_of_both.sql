-- The stars of two tables, with names that repeat.
-- alike: orders.customer_id, customers.id
-- key: note, amount

-- query
select o.*, c.* from orders as o join customers as c on c.id = o.customer_id

-- rows
select o.rowid, c.rowid from orders as o join customers as c on c.id = o.customer_id

-- lineage
-- id <- orders.id
-- customer_id <- customers.id | orders.customer_id
-- amount <- orders.amount
-- tax <- orders.tax
-- status <- orders.status
-- ordered_at <- orders.ordered_at
-- note <- orders.note
-- id_1 <- customers.id | orders.customer_id
-- name <- customers.name
-- email <- customers.email
-- region <- customers.region
-- joined <- customers.joined
-- vip <- customers.vip
-- referrer_id <- customers.referrer_id
-- (rows) <- customers.id, orders.customer_id
