-- UNPIVOT of several columns at once.

-- query
unpivot months on (jan, feb) as early, (feb, mar) as late into name part value x, y

-- rows
select r, p from (select rowid as r, 'early' as p, jan as x, feb as y from months union all select rowid, 'late', feb, mar from months) as u where x is not null and y is not null

-- lineage
-- region <- months.region
-- part <-
-- x <- months.feb, months.jan
-- y <- months.feb, months.mar
-- (rows) <- months.feb, months.jan, months.mar
