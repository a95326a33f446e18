select
    person_no               as person_id,
    first                   as first_name,
    cast(born as date)      as birth_date,
    cast(active as boolean) as is_active
from {{ source('hr', 'people') }}
