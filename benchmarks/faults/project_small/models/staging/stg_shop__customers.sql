with source as (
    select * from {{ source('shop', 'customers') }}
)

select
    id as customer_id,
    first_name,
    last_name,
    lower(email) as email,
    country,
    created_at
from source
