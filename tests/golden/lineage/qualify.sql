-- QUALIFY decides the rows.

-- query
select id, amount from orders qualify row_number() over (partition by status order by ordered_at desc) = 1

-- rows
select rowid from orders qualify row_number() over (partition by status order by ordered_at desc) = 1

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- (rows) <- orders.ordered_at, orders.status
