-- A window inside of a CASE and an arithmetic.
-- key: id
-- key: amount

-- query
select id, amount, case when row_number() over (partition by status order by tax) = 1 then note else 'later' end as first_note from orders

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- first_note <- orders.note, orders.status, orders.tax
-- (rows) <-
