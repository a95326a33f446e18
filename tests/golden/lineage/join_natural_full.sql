-- A natural full join.
-- alike: goals.region, months.region

-- query
select * from months natural full join goals

-- rows
select m.rowid, g.rowid from months as m full join goals as g on m.region = g.region

-- lineage
-- region <- goals.region, months.region
-- jan <- months.jan
-- feb <- months.feb
-- mar <- months.mar
-- goal <- goals.goal
-- owner <- goals.owner
-- (rows) <- goals.region, months.region
