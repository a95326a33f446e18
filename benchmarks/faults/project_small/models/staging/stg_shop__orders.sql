with source as (
    select * from {{ source('shop', 'orders') }}
)

select
    id as order_id,
    customer_id,
    status,
    channel,
    cast(shipping_cents / 100.0 as decimal(12, 2)) as shipping_amount,
    ordered_at,
    updated_at
from source
