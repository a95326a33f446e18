-- UNION BY NAME of stars.

-- query
from goals union all by name from months

-- lineage
-- region <- goals.region, months.region
-- goal <- goals.goal
-- owner <- goals.owner
-- jan <- months.jan
-- feb <- months.feb
-- mar <- months.mar
-- (rows) <-
