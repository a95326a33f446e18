{{ config(materialized='incremental', unique_key='day') }}

select
    cast(happened_at as date) as day,
    kind,
    count(*) as events
from {{ ref('stg_events') }}
{% if is_incremental() %}
where happened_at >= (select coalesce(max(day), date '1900-01-01') - interval 1 day from {{ this }})
{% endif %}
group by 1, 2
