-- Functions of text with several arguments.

-- query
select id, replace(email, '@', name) as mixed, regexp_extract(email, '(.*)@', 1) as who, split_part(email, '@', 2) as domain, lpad(region, 8, name) as padded, printf('%s/%d', name, id) as path from customers

-- lineage
-- id <- customers.id
-- mixed <- customers.email, customers.name
-- who <- customers.email
-- domain <- customers.email
-- padded <- customers.name, customers.region
-- path <- customers.id, customers.name
-- (rows) <-
