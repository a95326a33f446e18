-- A star without some columns.

-- query
select * exclude (email, vip, "joined") from customers

-- lineage
-- id <- customers.id
-- name <- customers.name
-- region <- customers.region
-- referrer_id <- customers.referrer_id
-- (rows) <-
