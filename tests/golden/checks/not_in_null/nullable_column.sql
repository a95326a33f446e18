-- orders: id integer, customer_id integer
-- blocked: customer_id integer
select id
from orders
where customer_id not in (select customer_id from blocked)
