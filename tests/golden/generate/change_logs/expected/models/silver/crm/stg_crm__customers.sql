with source as (

    select
        id,
        name
    from {{ source('crm', 'customers') }}
    where _aidbt_batch_id = (
        select max(loads.batch_id)
        from {{ source('crm', '_aidbt_loads') }} as loads
        where loads.table_name = 'customers'
    )

),

renamed as (

    select
        id as customer_id,
        name
    from source

)

select * from renamed
