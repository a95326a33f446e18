select
    id as customer_id,
    {{ clean('email') }} as email,
    country
from {{ source('crm', 'customers') }}
