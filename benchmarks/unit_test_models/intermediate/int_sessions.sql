with gaps as (
    select
        user_id,
        happened_at,
        lag(happened_at) over (partition by user_id order by happened_at) as previous_at
    from {{ ref('stg_events') }}
),

starts as (
    select
        *,
        case when previous_at is null or date_diff('minute', previous_at, happened_at) > 30 then 1 else 0 end as is_start
    from gaps
)

select
    user_id,
    sum(is_start) as sessions,
    min(happened_at) as first_seen_at,
    max(happened_at) as last_seen_at
from starts
group by user_id
