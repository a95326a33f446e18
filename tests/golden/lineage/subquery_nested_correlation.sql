-- A correlation over two levels.
-- key: id
-- key: name

-- query
select c.id, c.name, (select count(*) from orders as o where exists (select 1 from items as i where i.order_id = o.id and o.customer_id = c.id)) as filled
from customers as c

-- lineage
-- id <- customers.id
-- name <- customers.name
-- filled <- customers.id, items.order_id, orders.customer_id, orders.id
-- (rows) <-
