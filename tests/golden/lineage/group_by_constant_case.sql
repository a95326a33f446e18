-- Groups by a CASE that is passed on.
-- also: orders.amount = 200, 50, 200, 50, 20, 20
-- key: least

-- query
select case when amount > 100 then 'big' when note is null then 'bare' else 'other' end as size, count(*) as n, min(tax) as least from orders group by 1

-- rows
select list(rowid order by rowid) from orders group by case when amount > 100 then 'big' when note is null then 'bare' else 'other' end

-- lineage
-- size <- orders.amount, orders.note
-- n <- (count)
-- least <- orders.tax
-- (rows) <- orders.amount, orders.note
