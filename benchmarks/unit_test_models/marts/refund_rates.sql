with refunds as (
    select payment_id, sum(refunded) as refunded from {{ ref('stg_refunds') }} group by payment_id
)

select
    p.method,
    sum(p.amount) as paid,
    sum(coalesce(r.refunded, 0)) as refunded,
    sum(case when r.refunded > p.amount * 0.5 then 1 else 0 end) as mostly_refunded
from {{ ref('stg_payments') }} as p
left join refunds as r on r.payment_id = p.payment_id
group by p.method
