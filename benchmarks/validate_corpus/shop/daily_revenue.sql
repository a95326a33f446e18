select
    date_trunc('day', o.ordered_at) as order_day,
    s.city,
    count(distinct o.customer_id) as buyers,
    sum(o.amount) as revenue,
    round(avg(o.amount), 2) as average_amount
from orders as o
inner join stores as s on o.store_id = s.store_id
where o.status in ('placed', 'shipped')
group by 1, 2
having sum(o.amount) > 10
order by order_day, s.city
