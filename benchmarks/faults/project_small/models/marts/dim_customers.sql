select
    customers.customer_id,
    customers.first_name,
    customers.last_name,
    customers.email,
    customers.country,
    count(orders.order_id) as order_count,
    max(orders.ordered_at) as last_ordered_at
from {{ ref('stg_shop__customers') }} as customers
left join {{ ref('stg_shop__orders') }} as orders on customers.customer_id = orders.customer_id
group by
    customers.customer_id,
    customers.first_name,
    customers.last_name,
    customers.email,
    customers.country
