-- A filter over a union.

-- query
with u as (select id, amount as v from orders where status = 'paid' union all select id, salary from staff) select id, v from u where v > 100

-- rows
with u as (select 'o' as t, rowid as r, amount as v from orders where status = 'paid' union all select 's', rowid, salary from staff) select t, r from u where v > 100

-- lineage
-- id <- orders.id, staff.id
-- v <- orders.amount, staff.salary
-- (rows) <- orders.amount, orders.status, staff.salary
