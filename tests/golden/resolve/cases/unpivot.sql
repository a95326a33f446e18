-- UNPIVOT: the names are constants, the values those of several columns.
-- dialect: duckdb
-- relation: months (region VARCHAR, jan INTEGER, feb INTEGER, mar INTEGER)
select * from months unpivot (amount for month in (jan, feb, mar))
