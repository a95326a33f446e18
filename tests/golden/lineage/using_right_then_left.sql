-- USING of a right join, and of a left join on top of it.
-- alike: goals.region, months.region, customers.region

-- query
select region, goal, jan, name from goals right join months using (region) left join customers using (region)

-- rows
select g.rowid, m.rowid, c.rowid from goals as g right join months as m on g.region = m.region left join customers as c on c.region = m.region

-- lineage
-- region <- customers.region | goals.region | months.region
-- goal <- goals.goal
-- jan <- months.jan
-- name <- customers.name
-- (rows) <- customers.region, goals.region, months.region
