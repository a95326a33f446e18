-- A filter by pairs.

-- query
select product, price from items where (order_id, line) in (select id, tax::int from orders where status = 'paid')

-- rows
select rowid from items where (order_id, line) in (select id, tax::int from orders where status = 'paid')

-- lineage
-- product <- items.product
-- price <- items.price
-- (rows) <- items.line, items.order_id, orders.id, orders.status, orders.tax
