-- USING of a left join gives the left column.
-- alike: goals.region, customers.region

-- query
select region, name, owner from customers left join goals using (region)

-- rows
select c.rowid, g.rowid from customers as c left join goals as g on c.region = g.region

-- lineage
-- region <- customers.region
-- name <- customers.name
-- owner <- goals.owner
-- (rows) <- customers.region, goals.region
