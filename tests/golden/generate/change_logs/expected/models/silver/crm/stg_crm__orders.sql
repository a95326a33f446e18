with source as (

    select
        id,
        status
    from {{ ref('base_crm__orders') }}
    where not _aidbt_is_deleted

),

renamed as (

    select
        id as order_id,
        status
    from source

)

select * from renamed
