with source as (
    select * from {{ source('pay', 'payments') }}
)

select
    id as payment_id,
    order_id,
    method,
    cast(amount as decimal(12, 2)) as amount,
    status,
    paid_at
from source
