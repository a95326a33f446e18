-- USING over three tables.
-- alike: goals.region, months.region, customers.region

-- query
select region, jan, goal, name from months join goals using (region) join customers using (region)

-- rows
select m.rowid, g.rowid, c.rowid from months as m join goals as g on m.region = g.region join customers as c on c.region = m.region

-- lineage
-- region <- customers.region | goals.region | months.region
-- jan <- months.jan
-- goal <- goals.goal
-- name <- customers.name
-- (rows) <- customers.region, goals.region, months.region
