-- A positional join.

-- query
select m.jan, g.goal from months as m positional join goals as g

-- lineage
-- jan <- months.jan
-- goal <- goals.goal
-- (rows) <-
