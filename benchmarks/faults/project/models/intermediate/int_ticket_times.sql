select
    ticket_id,
    customer_id,
    priority,
    opened_at,
    closed_at,
    date_diff('hour', opened_at, closed_at) as hours_open
from {{ ref('stg_crm__tickets') }}
