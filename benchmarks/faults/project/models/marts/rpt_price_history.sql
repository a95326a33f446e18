select
    sku,
    price,
    updated_at as valid_from,
    dbt_valid_to as valid_to
from {{ ref('snap_products') }}
