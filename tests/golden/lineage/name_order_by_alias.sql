-- ORDER BY takes the alias before the column.

-- query
select id, tax * -1 as amount from orders order by amount limit 2

-- rows
select rowid from orders order by tax * -1 limit 2

-- lineage
-- id <- orders.id
-- amount <- orders.tax
-- (rows) <- orders.tax
