-- A row number of no order.

-- query
select status, row_number() over () as n from orders

-- lineage
-- status <- orders.status
-- n <- (count)
-- (rows) <-
