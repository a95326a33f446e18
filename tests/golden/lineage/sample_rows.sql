-- A sample by percent of everything.

-- query
select id, amount from orders using sample 100 percent (bernoulli)

-- lineage
-- id <- orders.id
-- amount <- orders.amount
-- (rows) <-
