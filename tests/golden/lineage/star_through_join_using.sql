-- A star through two derived tables and USING.
-- alike: goals.region, customers.region

-- query
select * from (select region, name from customers) as c left join (select region, sum(goal) as goals from goals group by all) as g using (region)

-- rows
select c.rowid, g.r from customers as c left join (select region, list(rowid order by rowid) as r from goals group by region) as g on c.region = g.region

-- lineage
-- region <- customers.region
-- name <- customers.name
-- goals <- goals.goal
-- (rows) <- customers.region, goals.region
