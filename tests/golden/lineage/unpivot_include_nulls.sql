-- UNPIVOT that keeps what is NULL.

-- query
from months unpivot include nulls (sales for month in (jan, feb, mar))

-- lineage
-- region <- months.region
-- month <-
-- sales <- months.feb, months.jan, months.mar
-- (rows) <-
