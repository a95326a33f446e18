-- A star.

-- query
select * from customers

-- lineage
-- id <- customers.id
-- name <- customers.name
-- email <- customers.email
-- region <- customers.region
-- joined <- customers.joined
-- vip <- customers.vip
-- referrer_id <- customers.referrer_id
-- (rows) <-
