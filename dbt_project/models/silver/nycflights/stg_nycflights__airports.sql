with source as (

    select
        faa,
        name,
        lat,
        lon,
        alt,
        tz,
        tzone
    from {{ source('nycflights', 'airports') }}
    where _aidbt_batch_id = (
        select max(loads.batch_id)
        from {{ source('nycflights', '_aidbt_loads') }} as loads
        where loads.table_name = 'airports'
    )

),

renamed as (

    select
        faa as airport_code,
        name as airport_name,
        lat as latitude,
        lon as longitude,
        alt as altitude_feet,
        tz as utc_offset_hours,
        tzone as timezone_name
    from source

)

select * from renamed
