-- Functions of many arguments.

-- query
select id, concat_ws('-', name, region, vip) as tag, greatest(id, referrer_id) as top, least(name, region) as low
from customers

-- lineage
-- id <- customers.id
-- tag <- customers.name, customers.region, customers.vip
-- top <- customers.id, customers.referrer_id
-- low <- customers.name, customers.region
-- (rows) <-
