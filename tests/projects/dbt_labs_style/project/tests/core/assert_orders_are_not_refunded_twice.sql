select order_id

from {{ ref('orders') }}

where refunded_amount > paid_amount
