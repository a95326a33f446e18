-- UNPIVOT of all columns but one.

-- query
unpivot months on columns(* exclude region) into name month value sales

-- rows
select r, month from (select rowid as r, 'jan' as month, jan as v from months union all select rowid, 'feb', feb from months union all select rowid, 'mar', mar from months) as u where v is not null

-- lineage
-- region <- months.region
-- month <-
-- sales <- months.feb, months.jan, months.mar
-- (rows) <- months.feb, months.jan, months.mar
