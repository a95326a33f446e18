-- HAVING against a subquery.

-- query
select status, sum(amount) as total from orders group by status having sum(amount) > (select max(salary) / 10 from staff where boss_id is not null)

-- rows
select list(rowid order by rowid) from orders group by status having sum(amount) > (select max(salary) / 10 from staff where boss_id is not null)

-- lineage
-- status <- orders.status
-- total <- orders.amount
-- (rows) <- orders.amount, orders.status, staff.boss_id, staff.salary
