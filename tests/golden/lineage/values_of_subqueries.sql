-- Written rows of scalar subqueries.

-- query
values ((select max(amount) from orders), 'a'), ((select min(tax) from orders where status = 'paid'), 'b')

-- lineage
-- col0 <- orders.amount, orders.status, orders.tax
-- col1 <-
-- (rows) <-
