with payments as (
    select
        order_id,
        sum(amount) as paid,
        count(*) as payments,
        sum(case when method = 'card' then amount else 0 end) as paid_by_card,
        max(paid_on) as last_paid_on
    from {{ ref('stg_payments') }}
    group by order_id
)

select
    o.order_id,
    o.customer_id,
    o.status,
    coalesce(p.paid, 0) as paid,
    coalesce(p.payments, 0) as payments,
    coalesce(p.paid_by_card, 0) as paid_by_card,
    p.last_paid_on
from {{ ref('stg_orders') }} as o
left join payments as p on o.order_id = p.order_id
