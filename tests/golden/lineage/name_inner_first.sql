-- An unqualified name in a subquery is the inner table's when it has it.
-- key: id

-- query
select id, (select max(amount) from orders where customer_id < id) as top from customers

-- lineage
-- id <- customers.id
-- top <- orders.amount, orders.customer_id, orders.id
-- (rows) <-
