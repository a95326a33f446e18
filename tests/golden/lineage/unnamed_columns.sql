-- Columns without a name of their own.

-- query
select id + 1, upper(name), count(*) over (), referrer_id::text, case when vip then 1 end from customers

-- lineage
-- "(id + 1)" <- customers.id
-- "upper("name")" <- customers.name
-- "count() OVER ()" <- (count)
-- "CAST(referrer_id AS text)" <- customers.referrer_id
-- "CASE  WHEN (vip) THEN (1) ELSE NULL END" <- customers.vip
-- (rows) <-
