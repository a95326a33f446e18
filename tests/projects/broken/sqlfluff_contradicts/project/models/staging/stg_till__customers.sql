select
    id as customer_id,
    name as customer_name,
    member as is_member,
    created as created_at
from {{ source('till', 'customers') }}
