with source as (
    select * from {{ source('shop', 'order_items') }}
)

select
    id as order_item_id,
    order_id,
    sku,
    quantity,
    {{ money.cents_to_amount('unit_price_cents') }} as unit_price
from source
