with source as (select * from {{ source('pos', 'tickets') }})

select
    ticket_id,
    store_id,
    member_id,
    paid_with,
    cast(sold_at as timestamp) as sold_at,
    synced_at
from source
