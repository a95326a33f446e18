-- A subquery gathered into a list.
-- key: id
-- key: name

-- query
select id, name, array(select o.amount from orders as o where o.customer_id = c.id order by o.ordered_at) as amounts from customers as c

-- lineage
-- id <- customers.id
-- name <- customers.name
-- amounts <- customers.id, orders.amount, orders.customer_id, orders.ordered_at
-- (rows) <-
