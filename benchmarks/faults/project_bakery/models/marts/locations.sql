select
    stores.*,
    count(orders.order_id) as order_count,
    round(avg(orders.order_total), 2) as average_order
from {{ ref('stg_stores') }} as stores
left join {{ ref('orders') }} as orders using (location_id)
group by all
