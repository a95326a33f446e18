-- The star of a table without its key, in a join.

-- query
select o.id, c.* exclude (id, email) from orders as o left join customers as c on c.id = o.customer_id

-- rows
select o.rowid, c.rowid from orders as o left join customers as c on c.id = o.customer_id

-- lineage
-- id <- orders.id
-- name <- customers.name
-- region <- customers.region
-- joined <- customers.joined
-- vip <- customers.vip
-- referrer_id <- customers.referrer_id
-- (rows) <- customers.id, orders.customer_id
