with source as (

    select
        order_id,
        "select"
    from {{ source('shop', 'order_lines') }}
    where gone_at is null

),

renamed as (

    select
        order_id,
        "select"
    from source

)

select * from renamed
