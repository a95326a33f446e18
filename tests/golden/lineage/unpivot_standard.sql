-- UNPIVOT as the standard writes it.

-- query
select region, month, sales from months unpivot (sales for month in (jan, feb, mar))

-- rows
select r, month from (select rowid as r, 'jan' as month, jan as v from months union all select rowid, 'feb', feb from months union all select rowid, 'mar', mar from months) as u where v is not null

-- lineage
-- region <- months.region
-- month <-
-- sales <- months.feb, months.jan, months.mar
-- (rows) <- months.feb, months.jan, months.mar
