-- A CTE read twice.
-- key: id

-- query
with o as (select id, customer_id, amount from orders)
select a.id, b.amount as other from o as a join o as b on a.id = b.id + 1

-- rows
select a.rowid, b.rowid from orders as a join orders as b on a.id = b.id + 1

-- lineage
-- id <- orders.id
-- other <- orders.amount
-- (rows) <- orders.id
