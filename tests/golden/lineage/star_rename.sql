-- A star with columns renamed.

-- query
select * rename (name as full_name, region as area) from customers

-- lineage
-- id <- customers.id
-- full_name <- customers.name
-- email <- customers.email
-- area <- customers.region
-- joined <- customers.joined
-- vip <- customers.vip
-- referrer_id <- customers.referrer_id
-- (rows) <-
