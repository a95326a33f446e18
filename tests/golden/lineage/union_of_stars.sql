-- UNION ALL of stars.

-- query
select * from months union all select * replace (jan * 2 as jan) from months

-- lineage
-- region <- months.region
-- jan <- months.jan
-- feb <- months.feb
-- mar <- months.mar
-- (rows) <-
