-- A filter that is a subquery alone.

-- query
select note, amount from orders where (select bool_or(vip) from customers where region = 'north')

-- rows
select rowid from orders where (select bool_or(vip) from customers where region = 'north')

-- lineage
-- note <- orders.note
-- amount <- orders.amount
-- (rows) <- customers.region, customers.vip
