select *
from {{ ref('stg_till__sales') }}
{% if target.name == 'dev' %}
where sale_id < 100
