select
    customers.customer_id,
    customers.first_name,
    customers.last_name,
    customers.email,
    customers.country,
    codes.country_name,
    codes.region,
    accounts.segment,
    accounts.owner as account_owner,
    customers.wants_newsletter,
    coalesce(orders.order_count, 0) as order_count,
    cast(coalesce(orders.lifetime_value, 0) as decimal(12, 2)) as lifetime_value,
    orders.first_ordered_at,
    orders.last_ordered_at
from {{ ref('stg_shop__customers') }} as customers
left join {{ ref('country_codes') }} as codes on customers.country = codes.country
left join {{ ref('stg_crm__accounts') }} as accounts on customers.customer_id = accounts.customer_id
left join {{ ref('int_customer_orders') }} as orders on customers.customer_id = orders.customer_id
