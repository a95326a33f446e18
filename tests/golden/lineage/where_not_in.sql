-- A filter by absence from a list.

-- query
select id, amount from orders where customer_id not in (select id from customers where vip)

-- rows
select rowid from orders where customer_id not in (select id from customers where vip)

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- (rows) <- customers.id, customers.vip, orders.customer_id
