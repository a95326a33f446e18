select
    items.order_item_id,
    items.order_id,
    items.sku,
    products.product_name,
    products.category,
    items.quantity,
    items.unit_price,
    cast(items.quantity * items.unit_price as decimal(12, 2)) as gross_amount,
    cast(items.quantity * products.cost as decimal(12, 2)) as cost_amount
from {{ ref('stg_shop__order_items') }} as items
left join {{ ref('stg_shop__products') }} as products on items.sku = products.sku
