-- The star of one side of USING has the column too.

-- query
select months.*, goals.goal from months left join goals using (region)

-- rows
select m.rowid, g.rowid from months as m left join goals as g on m.region = g.region

-- lineage
-- region <- months.region
-- jan <- months.jan
-- feb <- months.feb
-- mar <- months.mar
-- goal <- goals.goal
-- (rows) <- goals.region, months.region
