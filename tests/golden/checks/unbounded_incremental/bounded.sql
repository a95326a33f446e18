-- events: id integer, at timestamp
-- config: materialized=incremental
select id, at
from events
where true
{% if is_incremental() %}
    and at > '2024-01-01 00:00:00'
{% endif %}
