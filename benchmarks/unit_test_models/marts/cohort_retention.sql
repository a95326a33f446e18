with activity as (
    select distinct user_id, date_trunc('month', happened_at) as month from {{ ref('stg_events') }}
),

cohorts as (
    select user_id, min(month) as cohort from activity group by user_id
)

select
    c.cohort,
    date_diff('month', c.cohort, a.month) as months_later,
    count(distinct a.user_id) as users
from cohorts as c
inner join activity as a on a.user_id = c.user_id
group by 1, 2
