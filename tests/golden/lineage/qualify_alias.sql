-- QUALIFY by an alias.
-- key: id
-- key: amount

-- query
select id, amount, rank() over (order by tax) as place from orders qualify place <= 3

-- rows
select rowid from orders qualify rank() over (order by tax) <= 3

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- place <- orders.tax
-- (rows) <- orders.tax
