select order_id, subtotal, order_items_subtotal
from {{ ref('orders') }}
where subtotal <> order_items_subtotal
