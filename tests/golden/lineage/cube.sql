-- Cube.

-- query
select region, vip, count(name) as n from customers group by cube (region, vip)

-- rows
select list(rowid order by rowid), grouping(region, vip) from customers group by cube (region, vip)

-- lineage
-- region <- customers.region
-- vip <- customers.vip
-- n <- customers.name
-- (rows) <- customers.region, customers.vip
