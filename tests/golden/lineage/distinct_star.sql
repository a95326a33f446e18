-- DISTINCT of a star.

-- query
select distinct * from (select region, vip from customers) as t

-- rows
select list(rowid order by rowid) from customers group by region, vip

-- lineage
-- region <- customers.region
-- vip <- customers.vip
-- (rows) <- customers.region, customers.vip
