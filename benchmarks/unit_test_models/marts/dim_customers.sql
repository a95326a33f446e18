with orders as (
    select customer_id, count(*) as orders, max(ordered_on) as last_ordered_on
    from {{ ref('stg_orders') }}
    group by customer_id
),

paid as (
    select customer_id, sum(paid) as paid from {{ ref('int_order_payments') }} group by 1
)

select
    c.customer_id,
    c.email,
    c.country,
    r.full_name as referrer,
    coalesce(o.orders, 0) as orders,
    o.last_ordered_on,
    coalesce(p.paid, 0) as paid,
    case
        when coalesce(p.paid, 0) >= 1000 then 'gold'
        when coalesce(p.paid, 0) >= 100 then 'silver'
        else 'basic'
    end as tier
from {{ ref('stg_customers') }} as c
left join {{ ref('stg_customers') }} as r on c.referred_by = r.customer_id
left join orders as o on c.customer_id = o.customer_id
left join paid as p on c.customer_id = p.customer_id
