select distinct on (user_id) user_id, plan, monthly_price
from {{ ref('stg_subscriptions') }}
order by user_id, started_on desc, subscription_id desc
