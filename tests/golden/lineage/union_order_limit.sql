-- An order and a limit over a union.

-- query
select id, amount as v from orders union all select id, salary from staff order by v desc limit 4

-- rows
select t, r from (select 'o' as t, rowid as r, amount as v from orders union all select 's', rowid, salary from staff) as u order by v desc limit 4

-- lineage
-- id <- orders.id, staff.id
-- v <- orders.amount, staff.salary
-- (rows) <- orders.amount, staff.salary
