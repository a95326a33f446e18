-- dialect: postgres
-- events: id integer unique, at timestamp
-- config: materialized=incremental unique_key=id incremental_strategy=merge
-- unique: id
select id, at
from events
where true
{% if is_incremental() %}
    and at > '2024-01-01 00:00:00'
{% endif %}
