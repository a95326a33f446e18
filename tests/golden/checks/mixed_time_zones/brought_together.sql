-- orders: id integer, ordered_at timestamp with time zone, shipped_at timestamp
select id
from orders
where shipped_at > ordered_at at time zone 'UTC'
