-- A table alias that is the name of one of its columns.

-- query
select region.goal, region.region as place, region.owner || '!' as who from goals as region

-- lineage
-- goal <- goals.goal
-- place <- goals.region
-- who <- goals.owner
-- (rows) <-
