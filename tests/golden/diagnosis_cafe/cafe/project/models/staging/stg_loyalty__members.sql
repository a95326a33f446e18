select
    "memberId" as member_id,
    email,
    level,
    joined_on,
    is_active
from {{ source('loyalty', 'members') }}
