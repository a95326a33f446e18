with source as (
    select * from {{ source('web', 'sessions') }}
    union all
    select * from {{ source('web', 'app_sessions') }}
)

select
    session_id,
    customer_id,
    started_at,
    cast(started_at as date) as session_date,
    pages,
    referrer,
    device
from source
