with by_day as (
    select cast(sum(revenue) as decimal(14, 2)) as revenue from {{ ref('fct_daily_revenue') }}
),

by_order as (
    select cast(sum(order_total) as decimal(14, 2)) as revenue from {{ ref('fct_orders') }} where status <> 'cancelled'
)

select by_day.revenue, by_order.revenue as other
from by_day cross join by_order
where by_day.revenue <> by_order.revenue
