with source as (

    select
        "Order Id",
        line
    from {{ ref('base_crm__lines') }}
    where not _aidbt_is_deleted

),

renamed as (

    select
        "Order Id" as order_id,
        line
    from source

)

select * from renamed
