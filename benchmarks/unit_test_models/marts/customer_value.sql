with orders as (
    select customer_id, gross, net from {{ ref('fct_orders') }} where status = 'completed'
),

totals as (
    select customer_id, sum(net) as net, count(*) as orders, max(gross) as largest
    from orders
    group by customer_id
    having count(*) >= 2
)

select
    t.customer_id,
    t.net,
    t.orders,
    round(t.net / t.orders, 1) as average,
    t.largest,
    coalesce(c.country, 'none') as country
from totals as t
left join {{ ref('dim_customers') }} as c using (customer_id)
