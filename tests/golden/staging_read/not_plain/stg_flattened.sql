select
    raw.id as order_id,
    line.value:sku::varchar as sku
from {{ source('shop', 'raw_orders') }} as raw,
lateral flatten(input => raw.lines) as line
