select
    s.subscription_id,
    s.user_id,
    case
        when s.is_open and e.user_id is null then 'sleeping'
        when s.is_open then 'active'
        when s.ended_on >= '2024-06-01' then 'lapsed'
        else 'gone'
    end as state,
    coalesce(e.sessions, 0) > 3 as is_frequent
from {{ ref('stg_subscriptions') }} as s
left join {{ ref('int_sessions') }} as e on e.user_id = s.user_id and e.sessions > 0
