with items as (
    select
        order_id,
        count(*) as item_count,
        cast(sum(gross_amount) as decimal(12, 2)) as gross_amount,
        cast(sum(cost_amount) as decimal(12, 2)) as cost_amount
    from {{ ref('int_order_items_priced') }}
    group by order_id
)

select
    orders.order_id,
    orders.customer_id,
    orders.status,
    orders.channel,
    orders.ordered_at,
    orders.ordered_date,
    orders.updated_at,
    coalesce(items.item_count, 0) as item_count,
    coalesce(items.gross_amount, 0) as gross_amount,
    coalesce(items.cost_amount, 0) as cost_amount,
    orders.shipping_amount,
    orders.discount_amount,
    cast(coalesce(items.gross_amount, 0) + orders.shipping_amount - orders.discount_amount as decimal(12, 2)) as order_total,
    coalesce(payments.paid_amount, 0) as paid_amount,
    coalesce(payments.fee_amount, 0) as fee_amount
from {{ ref('stg_shop__orders') }} as orders
left join items on orders.order_id = items.order_id
left join {{ ref('int_order_payments') }} as payments on orders.order_id = payments.order_id
