with

orders as (

    select * from {{ ref('stg_ecom__orders') }}

),

payments as (

    select * from {{ ref('int_payments_pivoted_to_orders') }}

),

order_items as (

    select
        order_id,
        count(*) as count_items,
        sum(case when is_drink_item then 1 else 0 end) as count_drink_items

    from {{ ref('int_order_items_joined') }}

    group by 1

),

final as (

    select
        orders.order_id,
        orders.customer_id,
        orders.store_id,
        orders.order_status,
        orders.channel,
        orders.total,
        coalesce(payments.paid_amount, 0) as paid_amount,
        coalesce(payments.refunded_amount, 0) as refunded_amount,
        coalesce(order_items.count_items, 0) as count_items,
        coalesce(order_items.count_drink_items, 0) > 0 as is_drink_order,
        orders.pickup_date,
        orders.created_at

    from orders

    left join payments
        on orders.order_id = payments.order_id

    left join order_items
        on orders.order_id = order_items.order_id

)

select * from final
