-- events: id integer, at timestamp
-- config: materialized=incremental
select id, at from events
{% if is_incremental() %}
-- nothing yet
{% endif %}
