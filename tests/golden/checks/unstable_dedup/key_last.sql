-- orders: id integer unique, customer_id integer, ordered_at timestamp
with source as (select * from orders)

select id, customer_id
from source
qualify row_number() over (partition by customer_id order by ordered_at desc, id) = 1
