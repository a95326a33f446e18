with source as (

    select
        order_no,
        line,
        sku,
        size,
        tags
    from {{ source('shop', 'order_lines') }}

),

renamed as (

    select
        order_no,
        line,
        sku,
        size,
        tags
    from source

)

select * from renamed
