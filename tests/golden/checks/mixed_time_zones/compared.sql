-- orders: id integer, ordered_at timestamp with time zone, shipped_at timestamp
select id, coalesce(shipped_at, ordered_at) as at
from orders
where shipped_at > ordered_at
