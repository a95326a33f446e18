select
    i.order_id,
    i.product_id,
    p.category,
    i.quantity,
    i.quantity * i.unit_price as line_total,
    p.price - i.unit_price as saved
from {{ source('shop', 'order_items') }} as i
inner join {{ ref('stg_products') }} as p on i.product_id = p.product_id
where i.quantity > 0
