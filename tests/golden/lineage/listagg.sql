-- LISTAGG and other ordered aggregates.

-- query
select listagg(note, ';' order by tax) as notes, quantile_disc(amount, 0.5 order by amount) as mid, any_value(status order by id) as state from orders

-- lineage
-- notes <- orders.note, orders.tax
-- mid <- orders.amount
-- state <- orders.id, orders.status
-- (rows) <-
