-- A share of a window's sum.
-- key: id

-- query
select id, round(amount / sum(amount) over (partition by status), 4) as share from orders

-- lineage
-- id <- orders.id
-- share <- orders.amount, orders.status
-- (rows) <-
