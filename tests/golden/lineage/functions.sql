-- Scalar functions.

-- query
select id, upper(note) as loud, length(note) as long, round(amount, 0) as rounded, date_trunc('month', ordered_at) as month,
       extract(year from ordered_at) as year, abs(tax - amount) as gap, strftime(ordered_at, '%H') as hour
from orders

-- lineage
-- id <- orders.id
-- loud <- orders.note
-- long <- orders.note
-- rounded <- orders.amount
-- month <- orders.ordered_at
-- year <- orders.ordered_at
-- gap <- orders.amount, orders.tax
-- hour <- orders.ordered_at
-- (rows) <-
