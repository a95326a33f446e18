-- GROUP BY ALL with a star.

-- query
select *, count(*) as n from (select region, vip from customers) as c group by all

-- rows
select list(rowid order by rowid) from customers group by region, vip

-- lineage
-- region <- customers.region
-- vip <- customers.vip
-- n <- (count)
-- (rows) <- customers.region, customers.vip
