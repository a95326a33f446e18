with source as (

    select
        carrier,
        name
    from {{ source('nycflights', 'airlines') }}
    where _aidbt_batch_id = (
        select max(loads.batch_id)
        from {{ source('nycflights', '_aidbt_loads') }} as loads
        where loads.table_name = 'airlines'
    )

),

renamed as (

    select
        carrier,
        name
    from source

)

select * from renamed
