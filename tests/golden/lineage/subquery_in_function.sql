-- A scalar subquery inside of an expression.
-- key: id

-- query
select id, amount / (select sum(amount) from orders) as share from orders

-- lineage
-- id <- orders.id
-- share <- orders.amount
-- (rows) <-
