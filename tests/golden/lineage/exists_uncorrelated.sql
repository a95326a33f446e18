-- EXISTS that reads nothing of the outer query.

-- query
select name, email from customers where exists (select 1 from goals where goal > 300 and owner = 'Moe')

-- rows
select rowid from customers where exists (select 1 from goals where goal > 300 and owner = 'Moe')

-- lineage
-- name <- customers.name
-- email <- customers.email
-- (rows) <- goals.goal, goals.owner
