-- EXCEPT ALL.

-- query
select region from customers except all select region from goals

-- rows
select list(rowid order by rowid), (select count(*) from goals as g where g.region is not distinct from c.region) as taken
from customers as c group by c.region having count(*) > taken

-- lineage
-- region <- customers.region
-- (rows) <- customers.region, goals.region
