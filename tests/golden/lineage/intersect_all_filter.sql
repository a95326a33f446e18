-- INTERSECT ALL under a filter.
-- alike: customers.region, goals.region

-- query
select region from (select region from customers where vip is not null intersect all select region from goals) as t where region <> 'east'

-- rows
select list(c.rowid order by c.rowid), list(g.rowid order by g.rowid) from customers as c join goals as g on c.region = g.region where c.vip is not null and c.region <> 'east' group by c.region

-- lineage
-- region <- customers.region | goals.region
-- (rows) <- customers.region, customers.vip, goals.region
