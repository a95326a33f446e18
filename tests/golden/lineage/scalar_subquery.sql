-- A scalar subquery: all that it reads makes the value, its filter too.
-- key: id
-- key: name

-- query
select id, name, (select sum(amount) from orders where status = 'paid') as booked from customers

-- lineage
-- id <- customers.id
-- name <- customers.name
-- booked <- orders.amount, orders.status
-- (rows) <-
