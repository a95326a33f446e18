{{ config(materialized='table') }}

select
    orders.order_id,
    orders.amuont,
    customers.email,
    customers.country
from {{ ref('stg_orders') }} as orders
left join {{ ref('stg_customers') }} as customers using (customer_id)
