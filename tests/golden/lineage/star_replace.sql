-- A star with columns replaced.

-- query
select * replace (upper(name) as name, joined + referrer_id as joined) from customers

-- lineage
-- id <- customers.id
-- name <- customers.name
-- email <- customers.email
-- region <- customers.region
-- joined <- customers.joined, customers.referrer_id
-- vip <- customers.vip
-- referrer_id <- customers.referrer_id
-- (rows) <-
