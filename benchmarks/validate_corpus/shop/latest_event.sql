select
    e.event_id,
    e.customer_id,
    e.event_type,
    e.occurred_at,
    lag(e.occurred_at) over (partition by e.customer_id order by e.occurred_at) as previous_at
from events as e
qualify row_number() over (partition by e.customer_id order by e.occurred_at desc, e.event_id) = 1
