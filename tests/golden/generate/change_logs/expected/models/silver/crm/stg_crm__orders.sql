with source as (

    select
        id,
        customer_id,
        status,
        note
    from {{ ref('base_crm__orders') }}
    where not _aidbt_is_deleted

),

renamed as (

    select
        id as order_id,
        customer_id,
        status,
        note
    from source

)

select * from renamed
