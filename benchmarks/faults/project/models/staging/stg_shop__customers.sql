with source as (
    select * from {{ source('shop', 'customers') }}
)

select
    id as customer_id,
    {{ clean_text('first_name') }} as first_name,
    {{ clean_text('last_name') }} as last_name,
    lower(email) as email,
    country,
    newsletter as wants_newsletter,
    created_at,
    updated_at
from source
