select
    sku,
    product_name,
    category,
    price,
    cost,
    cast(price - cost as decimal(12, 2)) as margin,
    weight_kg,
    is_active
from {{ ref('stg_shop__products') }}
