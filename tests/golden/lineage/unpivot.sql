-- UNPIVOT leaves out what is NULL.

-- query
unpivot months on jan, feb into name month value sales

-- rows
select r, month from (select rowid as r, 'jan' as month, jan as v from months union all select rowid, 'feb', feb from months) as u where v is not null

-- lineage
-- region <- months.region
-- mar <- months.mar
-- month <-
-- sales <- months.feb, months.jan
-- (rows) <- months.feb, months.jan
