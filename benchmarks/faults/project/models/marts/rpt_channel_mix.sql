select
    ordered_date,
    channel,
    {{ country_region('customers.country') }} as sales_region,
    count(*) as order_count,
    cast(sum(orders.order_total) as decimal(14, 2)) as revenue
from {{ ref('fct_orders') }} as orders
left join {{ ref('dim_customers') }} as customers on orders.customer_id = customers.customer_id
group by 1, 2, 3
