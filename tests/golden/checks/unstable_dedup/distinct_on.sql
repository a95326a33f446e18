-- dialect: postgres
-- orders: id integer unique, customer_id integer, ordered_at timestamp
select distinct on (customer_id) customer_id, id
from orders
order by customer_id, ordered_at desc
