select
    leave_no            as leave_id,
    person_no           as person_id,
    cast(start as date) as start_date
from {{ source('hr', 'leaves') }}
{% if target.name == 'dev' %}
where start > '2024-01-01'
{% endif %}
