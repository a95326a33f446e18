with

customers as (

    select * from {{ ref('stg_ecom__customers') }}

),

orders as (

    select
        customer_id,
        count(*) as count_lifetime_orders,
        sum(total) as lifetime_spend,
        min(created_at) as first_ordered_at,
        max(created_at) as last_ordered_at

    from {{ ref('orders') }}

    where order_status != 'cancelled'

    group by 1

)

select
    customers.customer_id,
    customers.customer_name,
    customers.customer_type,
    customers.has_marketing_opt_in,
    coalesce(orders.count_lifetime_orders, 0) as count_lifetime_orders,
    coalesce(orders.lifetime_spend, 0) as lifetime_spend,
    orders.first_ordered_at,
    orders.last_ordered_at

from customers

left join orders
    on customers.customer_id = orders.customer_id
