-- A map built and read.

-- query
select id, map([name, region], [email, 'x']) as pairs, map {'k': vip} as literal from customers

-- lineage
-- id <- customers.id
-- pairs <- customers.email, customers.name, customers.region
-- literal <- customers.vip
-- (rows) <-
