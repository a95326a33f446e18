-- QUALIFY with a named window.

-- query
select id, amount from orders window w as (partition by status order by tax) qualify row_number() over w = 1

-- rows
select rowid from orders window w as (partition by status order by tax) qualify row_number() over w = 1

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- (rows) <- orders.status, orders.tax
