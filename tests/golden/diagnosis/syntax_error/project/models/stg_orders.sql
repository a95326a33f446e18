select
    id as order_id,
    customer_id
    cast(amount as decimal(10, 2)) as amount,
    status,
    loaded_at
from {{ source('crm', 'orders') }}
