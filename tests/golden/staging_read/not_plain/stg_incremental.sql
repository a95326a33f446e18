{{ config(materialized='incremental', unique_key='id') }}
{%- set relation = source('shop', 'clicks') -%}

select distinct
    id,
    at as clicked_at,
    {{ dbt.safe_cast("price", api.Column.translate_type("numeric")) }} as price
from {{ relation }}
where at is not null
{% if is_incremental() %}
    and at > (select max(clicked_at) from {{ this }})
{% endif %}
