with source as (
    select * from {{ source('pay', 'refunds') }}
)

select
    id as refund_id,
    payment_id,
    cast(amount as decimal(12, 2)) as amount,
    reason,
    refunded_at
from source
