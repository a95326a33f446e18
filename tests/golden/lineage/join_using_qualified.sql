-- The two sides of USING stay reachable by their tables.
-- alike: goals.region, months.region

-- query
select months.region as left_region, goals.region as right_region, jan from months full join goals using (region)

-- rows
select m.rowid, g.rowid from months as m full join goals as g on m.region = g.region

-- lineage
-- left_region <- months.region
-- right_region <- goals.region
-- jan <- months.jan
-- (rows) <- goals.region, months.region
