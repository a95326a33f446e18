-- A correlated subquery below a derived table and an alias.
-- key: a
-- key: n

-- query
select t.a, t.n, t.best from (select c.id as a, c.name as n, (select min(o.tax) from orders as o where o.customer_id = c.id) as best from customers as c) as t

-- lineage
-- a <- customers.id
-- n <- customers.name
-- best <- customers.id, orders.customer_id, orders.tax
-- (rows) <-
