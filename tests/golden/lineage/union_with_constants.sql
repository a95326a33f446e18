-- Branches that say where a row is from.

-- query
select 'jan' as month, jan as value from months union all select 'feb', feb from months

-- lineage
-- month <-
-- value <- months.feb, months.jan
-- (rows) <-
