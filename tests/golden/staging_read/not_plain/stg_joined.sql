with orders as (
    select * from {{ source('shop', 'orders') }}
),

states as (
    select code, label from {{ ref('order_states') }}
)

select
    orders.id as order_id,
    states.label as state,
    upper(states.code) as state_code,
    amount
from orders
left join states on orders.state = states.code
