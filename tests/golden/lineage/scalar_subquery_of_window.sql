-- A scalar subquery that takes the first by a window.
-- key: id

-- query
select id, (select t.note from (select note, row_number() over (order by amount desc) as rn from orders) as t where t.rn = 2) as second_note from customers

-- lineage
-- id <- customers.id
-- second_note <- orders.amount, orders.note
-- (rows) <-
