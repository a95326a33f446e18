-- A star without the merged column.

-- query
select * exclude (region) from months join goals using (region)

-- rows
select m.rowid, g.rowid from months as m join goals as g on m.region = g.region

-- lineage
-- jan <- months.jan
-- feb <- months.feb
-- mar <- months.mar
-- goal <- goals.goal
-- owner <- goals.owner
-- (rows) <- goals.region, months.region
