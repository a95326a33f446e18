-- A scalar subquery that takes the first by an order.
-- key: id

-- query
select id, (select note from orders where note is not null order by amount desc limit 1) as last_note from customers

-- lineage
-- id <- customers.id
-- last_note <- orders.amount, orders.note
-- (rows) <-
