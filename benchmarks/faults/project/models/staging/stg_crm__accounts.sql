with source as (
    select * from {{ source('crm', 'accounts') }}
)

select
    account_no,
    customer_id,
    segment,
    owner,
    phone,
    updated_at
from source
