-- A CTE read twice, each time with another filter.

-- query
with o as (select id, amount, status, tax from orders)
select id, amount as v from o where status = 'paid' union all select id, tax from o where amount > 50

-- rows
select 1, rowid from orders where status = 'paid' union all select 2, rowid from orders where amount > 50

-- lineage
-- id <- orders.id
-- v <- orders.amount, orders.tax
-- (rows) <- orders.amount, orders.status
