-- USING merges the columns.
-- alike: goals.region, customers.region

-- query
select region, name, owner from customers join goals using (region)

-- rows
select c.rowid, g.rowid from customers as c join goals as g on c.region = g.region

-- lineage
-- region <- customers.region | goals.region
-- name <- customers.name
-- owner <- goals.owner
-- (rows) <- customers.region, goals.region
