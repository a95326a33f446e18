select distinct
    payment_id,
    abs(amount_cents) / 100.0 as refunded,
    date_trunc('month', refunded_on) as refund_month
from {{ source('shop', 'refunds') }}
where amount_cents <> 0
