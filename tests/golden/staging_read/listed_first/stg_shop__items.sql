with source as (
    select
        item_no,
        basket_no,
        "order"
    from {{ source('shop', 'items') }}
),

renamed as (
    select
        item_no as item_id,
        basket_no as basket_id,
        "order" as position
    from source
)

select * from renamed
