select
    coalesce(c.country, 'all') as country,
    coalesce(o.status, 'all') as status,
    count(*) as orders,
    grouping(c.country, o.status) as level
from orders as o
inner join customers as c on c.customer_id = o.customer_id
group by rollup (c.country, o.status)
