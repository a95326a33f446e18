-- A filter by ANY.

-- query
select product, qty from items where qty > any (select id from customers where region = 'south')

-- rows
select rowid from items where qty > any (select id from customers where region = 'south')

-- lineage
-- product <- items.product
-- qty <- items.qty
-- (rows) <- customers.id, customers.region, items.qty
