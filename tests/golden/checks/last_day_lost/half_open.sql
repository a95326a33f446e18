-- orders: id integer, ordered_at timestamp, day date
select id
from orders
where (ordered_at >= '2024-01-01' and ordered_at < '2024-02-01')
    or day between '2024-01-01' and '2024-01-31'
    or cast(ordered_at as date) between '2024-01-01' and '2024-01-31'
    or ordered_at between '2024-01-01' and '2024-01-31 23:59:59'
    or ordered_at <= current_date
