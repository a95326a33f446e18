-- An alias used by the filter.

-- query
select note, amount + tax as gross from orders where gross > 50

-- rows
select rowid from orders where amount + tax > 50

-- lineage
-- note <- orders.note
-- gross <- orders.amount, orders.tax
-- (rows) <- orders.amount, orders.tax
