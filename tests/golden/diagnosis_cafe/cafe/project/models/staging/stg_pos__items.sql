select
    sku,
    title,
    {{ cents('price_cents') }} as price,
    category
from {{ source('pos', 'items') }}
