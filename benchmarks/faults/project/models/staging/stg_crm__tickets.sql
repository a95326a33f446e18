with source as (
    select * from {{ source('crm', 'tickets') }}
)

select
    id as ticket_id,
    customer_id,
    subject,
    priority,
    opened_at,
    closed_at
from source
