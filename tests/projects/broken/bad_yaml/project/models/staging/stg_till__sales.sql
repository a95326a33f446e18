select
    id as sale_id,
    customer_id,
    method as payment_method,
    cast(amount as decimal(18, 2)) as amount,
    sold as sold_at
from {{ source('till', 'sales') }}
