select
    event_id,
    user_id,
    kind,
    happened_at
from {{ source('web', 'events') }}
where user_id is not null
qualify row_number() over (partition by event_id order by loaded_at desc) = 1
