select
    id as subscription_id,
    user_id,
    plan,
    started_on,
    coalesce(ended_on, date '9999-12-31') as ended_on,
    ended_on is null as is_open,
    round(monthly_price, 2) as monthly_price
from {{ source('web', 'subscriptions') }}
where ended_on is null or ended_on > started_on
