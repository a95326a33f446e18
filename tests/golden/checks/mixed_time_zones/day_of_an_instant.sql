-- orders: id integer, ordered_at timestamp with time zone
select id, cast(ordered_at as date) as ordered_on, date_trunc('month', ordered_at) as month
from orders
