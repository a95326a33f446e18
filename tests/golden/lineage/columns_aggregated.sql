-- Aggregates of the columns of a pattern, with an alias and without.

-- query
select max(columns('^(jan|mar)$')) as top, min(columns('^(jan|mar)$')) from months

-- lineage
-- top <- months.jan
-- top_1 <- months.mar
-- jan <- months.jan
-- mar <- months.mar
-- (rows) <-
