-- EXISTS as the condition of a CASE.
-- key: id
-- key: name

-- query
select id, name, case when exists (select 1 from orders as o where o.customer_id = c.id) then region else email end as reach from customers as c

-- lineage
-- id <- customers.id
-- name <- customers.name
-- reach <- customers.email, customers.id, customers.region, orders.customer_id
-- (rows) <-
