-- orders: id integer, shipped_at timestamp
select id
from orders
where shipped_at < current_timestamp
