-- UNION ALL BY NAME.

-- query
select id, amount, status from orders union all by name select name as status, id from customers

-- rows
select 'o', rowid from orders union all select 'c', rowid from customers

-- lineage
-- id <- customers.id, orders.id
-- amount <- orders.amount
-- status <- customers.name, orders.status
-- (rows) <-
