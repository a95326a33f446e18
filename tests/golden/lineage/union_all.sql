-- UNION ALL, by position.

-- query
select id, name as what from customers union all select id, note from orders

-- rows
select 'c', rowid from customers union all select 'o', rowid from orders

-- lineage
-- id <- customers.id, orders.id
-- what <- customers.name, orders.note
-- (rows) <-
