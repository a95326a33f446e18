-- A star beside an expression that has the name of one of its columns.

-- query
select *, upper(name) as name from customers

-- lineage
-- id <- customers.id
-- name <- customers.name
-- email <- customers.email
-- region <- customers.region
-- joined <- customers.joined
-- vip <- customers.vip
-- referrer_id <- customers.referrer_id
-- name_1 <- customers.name
-- (rows) <-
