select
    items.order_item_id,
    items.order_id,
    orders.customer_id,
    orders.ordered_date,
    items.sku,
    items.category,
    items.quantity,
    items.gross_amount,
    items.cost_amount
from {{ ref('int_order_items_priced') }} as items
inner join {{ ref('stg_shop__orders') }} as orders on items.order_id = orders.order_id
