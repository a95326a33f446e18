with flights as (

    select
        origin_airport_code,
        flight_date,
        departure_delay_minutes
    from {{ ref('stg_nycflights__flights') }}

),

airports as (

    select
        airport_code,
        airport_name
    from {{ ref('stg_nycflights__airports') }}

),

daily as (

    select
        origin_airport_code,
        flight_date,
        count(*) as scheduled_flights,
        count(departure_delay_minutes) as departed_flights,
        count(*) - count(departure_delay_minutes) as cancelled_flights,
        avg(departure_delay_minutes) as mean_departure_delay_minutes,
        sum(case when departure_delay_minutes > 15 then 1 else 0 end) as late_departures
    from flights
    group by origin_airport_code, flight_date

)

select
    daily.origin_airport_code,
    airports.airport_name,
    daily.flight_date,
    daily.scheduled_flights,
    daily.departed_flights,
    daily.cancelled_flights,
    daily.mean_departure_delay_minutes,
    daily.late_departures
from daily
left join airports
    on daily.origin_airport_code = airports.airport_code
