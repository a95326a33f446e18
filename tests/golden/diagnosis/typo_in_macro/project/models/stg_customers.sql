select
    id as customer_id,
    {{ claen('email') }} as email,
    country
from {{ source('crm', 'customers') }}
