-- FILTER of an aggregate makes its value.

-- query
select sum(amount) filter (where status = 'paid') as paid, count(*) filter (where note is null) as bare from orders

-- lineage
-- paid <- orders.amount, orders.status
-- bare <- orders.note
-- (rows) <-
