select
    team_no             as team_id,
    lead                as lead_person_id,
    cast(since as date) as founded_date,
    name                as name
from {{ source('hr', 'teams') }}
