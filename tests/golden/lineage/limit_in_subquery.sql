-- The first rows, aggregated.

-- query
select sum(amount) as top_two from (select amount from orders order by tax desc limit 2) as t

-- rows
select list(r order by r) from (select rowid as r from orders order by tax desc limit 2) as t

-- lineage
-- top_two <- orders.amount
-- (rows) <- orders.tax
