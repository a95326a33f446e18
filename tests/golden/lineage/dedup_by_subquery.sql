-- The usual removal of repeats by an outer filter.

-- query
select id, status, amount from (select *, row_number() over (partition by status order by ordered_at desc) as rn from orders) as t where rn = 1

-- rows
select rowid from orders qualify row_number() over (partition by status order by ordered_at desc) = 1

-- lineage
-- id <- orders.id
-- status <- orders.status
-- amount <- orders.amount
-- (rows) <- orders.ordered_at, orders.status
