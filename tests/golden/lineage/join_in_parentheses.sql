-- A join nested in parentheses.

-- query
select c.name, o.status, i.product from customers as c left join (orders as o join items as i on i.order_id = o.id) on o.customer_id = c.id

-- rows
select c.rowid, o.rowid, i.rowid from customers as c left join (orders as o join items as i on i.order_id = o.id) on o.customer_id = c.id

-- lineage
-- name <- customers.name
-- status <- orders.status
-- product <- items.product
-- (rows) <- customers.id, items.order_id, orders.customer_id, orders.id
