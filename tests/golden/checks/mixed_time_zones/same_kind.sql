-- orders: id integer, ordered_at timestamp, shipped_at timestamp, day date
select id, coalesce(shipped_at, ordered_at) as at, cast(ordered_at as date) as ordered_on
from orders
where shipped_at > ordered_at
    and ordered_at >= '2024-01-01'
    and cast(ordered_at as date) = day
