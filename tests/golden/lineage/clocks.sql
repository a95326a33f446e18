-- Clocks and random numbers are made of no column.

-- query
select id, current_date as today, random() as chance, gen_random_uuid() as key from orders

-- lineage
-- id <- orders.id
-- today <-
-- chance <- (unsteady)
-- key <- (unsteady)
-- (rows) <-
