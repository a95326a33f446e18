select
    id as payment_id,
    order_id,
    method,
    amount_cents / 100.0 as amount,
    paid_on
from {{ source('shop', 'payments') }}
where state = 'settled' and amount_cents > 0
