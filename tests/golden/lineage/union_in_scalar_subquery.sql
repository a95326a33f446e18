-- A scalar subquery over a union.
-- key: id

-- query
select id, (select max(v) from (select amount as v from orders union all select salary from staff) as u) as top from customers

-- lineage
-- id <- customers.id
-- top <- orders.amount, staff.salary
-- (rows) <-
