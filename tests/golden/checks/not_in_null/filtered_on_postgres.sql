-- dialect: postgres
-- orders: id integer, customer_id integer
-- blocked: customer_id integer
select id
from orders
where customer_id not in (select customer_id from blocked where customer_id is not null)
    and not exists (select 1 from blocked as b where b.customer_id = orders.customer_id)
    and id in (select customer_id from blocked)
