-- A window given a name.

-- before
select id, sum(amount) over (partition by customer_id order by id) as s from orders

-- after
select id, sum(amount) over w as s from orders window w as (partition by customer_id order by id)

-- verdict
nothing changes
