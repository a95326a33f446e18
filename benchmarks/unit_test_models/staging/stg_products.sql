select
    id as product_id,
    upper(sku) as sku,
    name,
    coalesce(category, 'other') as category,
    price,
    price >= 100 as is_premium
from {{ source('shop', 'products') }}
where sku like 'SK-%' and price > 0
