-- Aggregates of a whole table.

-- query
select sum(amount) as total, max(tax) as top_tax, count(note) as notes, count(*) as n, avg(amount) as mean from orders

-- lineage
-- total <- orders.amount
-- top_tax <- orders.tax
-- notes <- orders.note
-- n <- (count)
-- mean <- orders.amount
-- (rows) <-
