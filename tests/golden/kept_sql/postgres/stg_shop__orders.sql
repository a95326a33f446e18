with source as (

    select
        id,
        customer_ref,
        quantity,
        "unitPrice",
        weight,
        is_gift,
        ordered_on,
        "Ordered At",
        shipped_at,
        "order",
        "Größe",
        "Gift Note",
        _fivetran_deleted,
        row_number() over (
            partition by id
            order by _fivetran_synced desc nulls last
        ) as row_number_of_key
    from {{ source('shop', 'orders') }}

),

renamed as (

    select
        id as order_id,
        customer_ref,
        cast(quantity as bigint) as quantity,
        cast("unitPrice" as numeric(18, 2)) as price,
        cast(weight as double precision) as weight,
        cast(is_gift as boolean) as is_gift,
        cast(ordered_on as date) as ordered_on,
        cast("Ordered At" as timestamp) as ordered_at,
        cast(shipped_at as timestamp with time zone) as shipped_at,
        "order",
        "Größe" as "größe",
        lower(
            trim("Gift Note")
        ) as gift_note
    from source
    where
        row_number_of_key = 1
        and not coalesce(_fivetran_deleted, false)

)

select * from renamed
