-- Columns by a pattern, renamed by its groups.

-- query
select region, columns('^(jan|feb)$') as 'm_\1' from months

-- lineage
-- region <- months.region
-- m_jan <- months.jan
-- m_feb <- months.feb
-- (rows) <-
