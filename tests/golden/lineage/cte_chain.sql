-- CTEs that read each other.

-- query
with a as (select id, amount, tax from orders), b as (select id, amount + tax as gross from a), c as (select id as key, gross from b where gross > 30)
select key, gross from c

-- rows
select rowid from orders where amount + tax > 30

-- lineage
-- key <- orders.id
-- gross <- orders.amount, orders.tax
-- (rows) <- orders.amount, orders.tax
