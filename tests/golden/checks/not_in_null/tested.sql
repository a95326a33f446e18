-- orders: id integer, customer_id integer, status varchar
-- blocked: customer_id integer not_null
with keep as (select customer_id from blocked)
select id
from orders
where customer_id not in (select customer_id from keep)
    and status not in ('test', 'draft')
