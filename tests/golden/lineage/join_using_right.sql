-- USING of a right join gives the right column.
-- alike: goals.region, customers.region

-- query
select region, name, owner from customers right join goals using (region)

-- rows
select c.rowid, g.rowid from customers as c right join goals as g on c.region = g.region

-- lineage
-- region <- goals.region
-- name <- customers.name
-- owner <- goals.owner
-- (rows) <- customers.region, goals.region
