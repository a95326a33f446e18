with source as (
    select * from {{ source('shop', 'products') }}
)

select
    sku,
    name as product_name,
    category,
    {{ money.cents_to_amount('price_cents') }} as price,
    {{ money.cents_to_amount('cost_cents') }} as cost,
    weight_grams / 1000.0 as weight_kg,
    active as is_active,
    updated_at
from source
