-- Counts of rows in three ways.

-- query
select count(*) as a, count(1) as b, sum(1) as c from orders

-- lineage
-- a <- (count)
-- b <- (count)
-- c <- (count)
-- (rows) <-
