-- CASE with conditions: the conditions make the value too.

-- query
select id, case when status = 'paid' then amount when note is not null then tax else 0 end as booked from orders

-- lineage
-- id <- orders.id
-- booked <- orders.amount, orders.note, orders.status, orders.tax
-- (rows) <-
