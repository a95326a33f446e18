with order_items as (
    select * from {{ ref('int_order_items_priced') }}
),

orders as (
    select order_id, ordered_at, location_id from {{ ref('stg_orders') }}
),

order_supplies_summary as (
    select sku as product_id, sum(cost) / 100.0 as supply_cost
    from {{ ref('stg_supplies') }}
    group by sku
)

select
    order_items.*,
    orders.ordered_at,
    orders.location_id,
    order_supplies_summary.supply_cost
from order_items
left join orders on order_items.order_id = orders.order_id
left join order_supplies_summary on order_items.product_id = order_supplies_summary.product_id
