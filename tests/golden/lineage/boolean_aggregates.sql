-- Aggregates of truth.

-- query
select bool_or(vip) as some, bool_and(email is not null) as mailed, count_if(region = 'north') as north from customers

-- lineage
-- some <- customers.vip
-- mailed <- customers.email
-- north <- customers.region
-- (rows) <-
