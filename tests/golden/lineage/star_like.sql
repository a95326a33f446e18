-- A star of the names that are like a pattern.

-- query
select * like '%a%' from months

-- lineage
-- jan <- months.jan
-- mar <- months.mar
-- (rows) <-
