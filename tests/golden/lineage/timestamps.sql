-- Parts and differences of timestamps.

-- query
select id, date_diff('hour', ordered_at, timestamp '2024-06-01') as hours, ordered_at::date as day, year(ordered_at) * 100 + month(ordered_at) as period, age(ordered_at, timestamp '2020-01-01') as age from orders

-- lineage
-- id <- orders.id
-- hours <- orders.ordered_at
-- day <- orders.ordered_at
-- period <- orders.ordered_at
-- age <- orders.ordered_at
-- (rows) <-
