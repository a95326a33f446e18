with source as (
    select * from {{ source('shop', 'customers') }}
)

select
    id as customer_id,
    lower(trim(email)) as email,
    full_name,
    coalesce(country, 'unknown') as country,
    referred_by,
    created_at
from source
where not coalesce(is_deleted, false)
