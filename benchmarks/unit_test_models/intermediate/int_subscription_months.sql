select
    subscription_id,
    user_id,
    date_trunc('month', started_on) as start_month,
    date_diff('month', started_on, ended_on) as months,
    monthly_price * date_diff('month', started_on, ended_on) as value
from {{ ref('stg_subscriptions') }}
where not is_open
