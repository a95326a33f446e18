with source as (

    select
        tailnum,
        year,
        type,
        manufacturer,
        model,
        engines,
        seats,
        engine
    from {{ source('nycflights', 'planes') }}
    where _aidbt_batch_id = (
        select max(loads.batch_id)
        from {{ source('nycflights', '_aidbt_loads') }} as loads
        where loads.table_name = 'planes'
    )

),

renamed as (

    select
        tailnum as aircraft_registration,
        year as manufacture_year,
        type as aircraft_type,
        manufacturer as manufacturer_name,
        model as model_name,
        engines as engine_count,
        seats as seat_count,
        engine as engine_type
    from source

)

select * from renamed
