-- A macro of the database, called like a function.

create macro with_vat(net, rate) as net * (1 + rate);

-- query
select id, with_vat(amount, tax) as gross from orders

-- lineage
-- id <- orders.id
-- gross <- orders.amount, orders.tax
-- (rows) <-
