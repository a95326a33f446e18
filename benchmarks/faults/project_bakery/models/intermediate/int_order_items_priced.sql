select
    order_items.order_item_id,
    order_items.order_id,
    order_items.product_id,
    products.product_name,
    products.product_price,
    products.is_food_item,
    products.is_drink_item
from {{ ref('stg_order_items') }} as order_items
left join {{ ref('stg_products') }} as products on order_items.product_id = products.product_id
