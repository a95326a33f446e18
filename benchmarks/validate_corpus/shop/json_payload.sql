select
    event_id,
    json_extract_string(payload, '$.page') as page,
    cast(payload ->> 'depth' as integer) as depth
from events
where json_valid(payload)
