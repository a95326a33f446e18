with

source as (

    select * from {{ source('ecom', 'order_items') }}

),

renamed as (

    select

        ----------  ids
        id as order_item_id,
        "order" as order_id,
        sku as product_id,

        ---------- numerics
        quantity,
        {{ cents_to_dollars('unit_price_cents') }} as unit_price,

        ---------- timestamps
        created as created_at,
        _airbyte_extracted_at as loaded_at

    from source

)

select * from renamed
