select
    refunds.refund_id,
    refunds.payment_id,
    payments.order_id,
    refunds.amount,
    cast(refunds.amount * coalesce(rates.rate_to_eur, 1) as decimal(12, 2)) as amount_eur,
    refunds.reason,
    reasons.is_our_fault,
    refunds.refunded_at
from {{ ref('stg_pay__refunds') }} as refunds
left join {{ ref('stg_pay__payments') }} as payments on refunds.payment_id = payments.payment_id
left join {{ ref('return_reasons') }} as reasons on refunds.reason = reasons.reason
left join {{ ref('stg_files__fx_rates') }} as rates
    on payments.currency = rates.currency and cast(refunds.refunded_at as date) = rates.rate_date
