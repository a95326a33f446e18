-- A filter against an aggregate of another table.

-- query
select name, email from customers where id * 20 < (select avg(amount) from orders where status = 'paid')

-- rows
select rowid from customers where id * 20 < (select avg(amount) from orders where status = 'paid')

-- lineage
-- name <- customers.name
-- email <- customers.email
-- (rows) <- customers.id, orders.amount, orders.status
