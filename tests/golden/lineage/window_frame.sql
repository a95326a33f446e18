-- Frames.
-- key: id
-- key: amount

-- query
select id, amount, sum(amount) over (order by id rows between 1 preceding and current row) as two,
       first_value(note) over (order by amount range between unbounded preceding and unbounded following) as first_note
from orders

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- two <- orders.amount, orders.id
-- first_note <- orders.amount, orders.note
-- (rows) <-
