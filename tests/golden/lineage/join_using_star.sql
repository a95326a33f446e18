-- A star over USING has the merged column once.
-- alike: goals.region, months.region

-- query
select * from months join goals using (region)

-- rows
select m.rowid, g.rowid from months as m join goals as g on m.region = g.region

-- lineage
-- region <- goals.region | months.region
-- jan <- months.jan
-- feb <- months.feb
-- mar <- months.mar
-- goal <- goals.goal
-- owner <- goals.owner
-- (rows) <- goals.region, months.region
