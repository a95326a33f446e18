-- Ten branches of a union.

-- query
select id from orders union all select id from staff union all select id from trades union all select line from items union all select qty from items
union all select user_id from events union all select goal from goals union all select jan from months union all select feb from months union all select salary from staff

-- lineage
-- id <- events.user_id, goals.goal, items.line, items.qty, months.feb, months.jan, orders.id, staff.id, staff.salary, trades.id
-- (rows) <-
