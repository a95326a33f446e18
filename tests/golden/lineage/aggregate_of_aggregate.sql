-- An aggregate of an aggregate.

-- query
select max(total) as top, count(*) as groups from (select customer_id, sum(amount) as total from orders group by customer_id) as t

-- rows
select list(r order by r) from (select list(rowid order by rowid) as r from orders group by customer_id) as t

-- lineage
-- top <- orders.amount
-- groups <- (count)
-- (rows) <- orders.customer_id
