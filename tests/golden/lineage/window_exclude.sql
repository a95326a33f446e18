-- A frame that leaves its own row out.
-- key: id
-- key: amount

-- query
select id, amount, sum(tax) over (order by id rows between unbounded preceding and current row exclude current row) as others from orders

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- others <- orders.id, orders.tax
-- (rows) <-
