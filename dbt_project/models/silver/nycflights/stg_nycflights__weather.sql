with source as (

    select
        origin,
        year,
        month,
        day,
        hour,
        temp,
        dewp,
        humid,
        wind_dir,
        wind_speed,
        wind_gust,
        precip,
        pressure,
        visib,
        time_hour
    from {{ source('nycflights', 'weather') }}
    where _aidbt_batch_id = (
        select max(loads.batch_id)
        from {{ source('nycflights', '_aidbt_loads') }} as loads
        where loads.table_name = 'weather'
    )

),

renamed as (

    select
        origin,
        year,
        month,
        day,
        hour,
        temp,
        dewp,
        humid,
        wind_dir,
        wind_speed,
        wind_gust,
        precip,
        pressure,
        visib,
        time_hour
    from source

)

select * from renamed
