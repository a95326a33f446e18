select
    id as order_id,
    customer_id,
    case
        when status in ('done', 'complete', 'completed') then 'completed'
        when status = 'returned' then 'returned'
        else 'open'
    end as status,
    nullif(channel, '') as channel,
    coalesce(discount, 0) as discount,
    ordered_at,
    cast(ordered_at as date) as ordered_on,
    shipped_at
from {{ source('shop', 'orders') }}
where ordered_at >= '2023-01-01'
