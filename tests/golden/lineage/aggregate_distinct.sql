-- Aggregates of distinct values.

-- query
select region, list(distinct name order by name) as names, sum(distinct referrer_id) as refs from customers group by region

-- rows
select list(rowid order by rowid) from customers group by region

-- lineage
-- region <- customers.region
-- names <- customers.name
-- refs <- customers.referrer_id
-- (rows) <- customers.region
