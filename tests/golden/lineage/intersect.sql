-- INTERSECT.
-- alike: customers.region, goals.region

-- query
select region from customers intersect select region from goals

-- rows
select list(distinct c.rowid order by c.rowid), list(distinct g.rowid order by g.rowid) from customers as c join goals as g on c.region = g.region group by c.region

-- lineage
-- region <- customers.region | goals.region
-- (rows) <- customers.region, goals.region
