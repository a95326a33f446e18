with source as (

    select
        "Order Id",
        line,
        sku
    from {{ ref('base_crm__lines') }}
    where not _aidbt_is_deleted

),

renamed as (

    select
        "Order Id" as order_id,
        line,
        sku
    from source

)

select * from renamed
