with flights as (

    select
        carrier_code,
        departure_delay_minutes,
        arrival_delay_minutes,
        distance_miles
    from {{ ref('stg_nycflights__flights') }}

),

airlines as (

    select
        carrier,
        name
    from {{ ref('stg_nycflights__airlines') }}

),

by_carrier as (

    select
        carrier_code,
        count(*) as scheduled_flights,
        count(*) - count(departure_delay_minutes) as cancelled_flights,
        avg(arrival_delay_minutes) as mean_arrival_delay_minutes,
        -- On time as the industry counts it: less than 15 minutes late; a cancelled flight is not on time.
        avg(case when arrival_delay_minutes < 15 then 1.0 else 0.0 end) as on_time_rate,
        sum(distance_miles) as scheduled_miles
    from flights
    group by carrier_code

)

select
    by_carrier.carrier_code,
    airlines.name as carrier_name,
    by_carrier.scheduled_flights,
    by_carrier.cancelled_flights,
    by_carrier.mean_arrival_delay_minutes,
    by_carrier.on_time_rate,
    by_carrier.scheduled_miles
from by_carrier
left join airlines
    on by_carrier.carrier_code = airlines.carrier
