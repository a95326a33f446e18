with source as (
    select * from {{ source('erp', 'stock_levels') }}
)

select
    sku,
    warehouse,
    on_hand,
    safety_stock,
    as_of as stock_date
from source
