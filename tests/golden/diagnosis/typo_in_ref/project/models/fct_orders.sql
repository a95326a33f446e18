{{ config(materialized='table') }}

select
    orders.order_id,
    orders.amount,
    customers.email,
    upper(customers.country) as country
from {{ ref('stg_ordrs') }} as orders
left join {{ ref('stg_customers') }} as customers using (customer_id)
