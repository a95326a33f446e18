with

order_items as (

    select * from {{ ref('stg_ecom__order_items') }}

),

products as (

    select * from {{ ref('stg_ecom__products') }}

),

joined as (

    select
        order_items.order_item_id,
        order_items.order_id,
        order_items.product_id,
        order_items.quantity,
        order_items.quantity * order_items.unit_price as item_total,
        products.product_name,
        products.product_type = 'beverage' as is_drink_item

    from order_items

    left join products
        on order_items.product_id = products.product_id

)

select * from joined
