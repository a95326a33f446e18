with flights as (

    select
        origin_airport_code,
        scheduled_hour_at,
        departure_delay_minutes
    from {{ ref('stg_nycflights__flights') }}

),

weather as (

    select
        origin,
        time_hour,
        visib,
        precip,
        wind_speed
    from {{ ref('stg_nycflights__weather') }}

),

joined as (

    select
        flights.departure_delay_minutes,
        case
            when weather.time_hour is null then 'not recorded'
            when weather.visib < 3 then 'low visibility'
            when weather.precip > 0 then 'rain or snow'
            when weather.wind_speed > 20 then 'strong wind'
            else 'fair'
        end as weather_condition
    from flights
    left join weather
        on
            flights.origin_airport_code = weather.origin
            and flights.scheduled_hour_at = weather.time_hour

)

select
    weather_condition,
    count(*) as scheduled_flights,
    count(*) - count(departure_delay_minutes) as cancelled_flights,
    avg(departure_delay_minutes) as mean_departure_delay_minutes,
    avg(case when departure_delay_minutes > 15 then 1.0 else 0.0 end) as late_departure_rate
from joined
group by weather_condition
