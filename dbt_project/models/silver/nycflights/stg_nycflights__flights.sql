with source as (

    select
        carrier,
        flight,
        tailnum,
        origin,
        dest,
        year,
        month,
        day,
        sched_dep_time,
        dep_delay,
        sched_arr_time,
        arr_delay,
        air_time,
        distance,
        time_hour
    from {{ ref('base_nycflights__flights') }}
    where not _aidbt_is_deleted

),

renamed as (

    select
        carrier as carrier_code,
        flight as flight_number,
        tailnum as aircraft_registration,
        origin as origin_airport_code,
        dest as destination_airport_code,
        make_date(year, month, day) as flight_date,
        make_timestamp(
            year, month, day, cast(floor(sched_dep_time / 100) as integer), sched_dep_time % 100, 0
        ) as scheduled_departure_at,
        make_timestamp(
            year, month, day, cast(floor(sched_dep_time / 100) as integer), sched_dep_time % 100, 0
        )
        + dep_delay * interval '1' minute as actual_departure_at,
        dep_delay as departure_delay_minutes,
        make_timestamp(
            year, month, day, cast(floor(sched_arr_time / 100) as integer), sched_arr_time % 100, 0
        )
        + case when sched_arr_time < sched_dep_time then 1 else 0 end * interval '1' day as scheduled_arrival_at,
        arr_delay as arrival_delay_minutes,
        air_time as air_time_minutes,
        distance as distance_miles,
        time_hour as scheduled_hour_at
    from source

)

select * from renamed
