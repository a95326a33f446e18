{{ config(materialized='incremental', unique_key='session_id') }}

select
    session_id,
    customer_id,
    started_at,
    session_date,
    pages,
    referrer,
    device
from {{ ref('stg_web__sessions') }}
{% if is_incremental() %}
where started_at > (select max(started_at) from {{ this }})
{% endif %}
