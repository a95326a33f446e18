{{ config(materialized='table') }}

select
    orders.order_id,
    orders.amount,
    customers.email,
    customers.country
from {{ ref('stg_orders') }} as orders
left join {{ ref('stg_customers') }} as customers on orders.amount >= 0 and customers.customer_id < 2
