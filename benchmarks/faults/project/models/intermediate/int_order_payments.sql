select
    payments.order_id,
    count(*) as payment_count,
    cast(sum(case when payments.status = 'settled' then payments.amount else 0 end) as decimal(12, 2)) as paid_amount,
    cast(sum(case when payments.status = 'settled' then payments.amount * methods.fee_percent / 100.0 else 0 end) as decimal(12, 4)) as fee_amount,
    max(payments.paid_at) as last_paid_at
from {{ ref('stg_pay__payments') }} as payments
left join {{ ref('payment_methods') }} as methods on payments.method = methods.method
group by payments.order_id
