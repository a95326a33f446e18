select
    date_trunc('month', happened_at) as month,
    count(distinct user_id) as users,
    count(distinct case when kind = 'purchase' then user_id end) as buyers,
    count(*) as events
from {{ ref('stg_events') }}
where kind in ('view', 'cart', 'purchase')
group by 1
