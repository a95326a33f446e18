-- An unqualified name in a subquery that only the outer table has.

-- query
select name, email from customers where exists (select 1 from goals where goals.region = customers.region and vip)

-- rows
select c.rowid from customers as c where exists (select 1 from goals as g where g.region = c.region and c.vip)

-- lineage
-- name <- customers.name
-- email <- customers.email
-- (rows) <- customers.region, customers.vip, goals.region
