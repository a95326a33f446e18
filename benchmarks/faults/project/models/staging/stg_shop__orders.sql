with source as (
    select * from {{ source('shop', 'orders') }}
)

select
    id as order_id,
    customer_id,
    status,
    channel,
    {{ money.cents_to_amount('shipping_cents') }} as shipping_amount,
    {{ money.cents_to_amount('discount_cents') }} as discount_amount,
    ordered_at,
    cast(ordered_at as date) as ordered_date,
    updated_at
from source
