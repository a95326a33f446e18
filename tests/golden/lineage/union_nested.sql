-- Set operations in parentheses.

-- query
(select id from orders union all select id from staff) union all (select user_id from events)

-- lineage
-- id <- events.user_id, orders.id, staff.id
-- (rows) <-
