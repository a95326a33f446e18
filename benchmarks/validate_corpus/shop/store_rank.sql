select
    s.store_id,
    s.store_name,
    r.revenue,
    rank() over (order by r.revenue desc) as revenue_rank
from stores as s
left join lateral (
    select sum(o.amount) as revenue from orders as o where o.store_id = s.store_id
) as r on true
