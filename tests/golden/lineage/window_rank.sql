-- Ranks: made of what they part and order by.
-- key: id
-- key: note, amount

-- query
select id, note, amount, row_number() over (partition by status order by note is null, id) as n, dense_rank() over (order by tax desc) as r from orders

-- lineage
-- id <- orders.id
-- note <- orders.note
-- amount <- orders.amount
-- n <- orders.id, orders.note, orders.status
-- r <- orders.tax
-- (rows) <-
