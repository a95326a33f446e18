with stg_nycflights__airlines as (

    select carrier
    from {{ ref('stg_nycflights__airlines') }}

),

stg_nycflights__flights as (

    select
        carrier_code,
        flight_date,
        departure_delay_minutes,
        arrival_delay_minutes
    from {{ ref('stg_nycflights__flights') }}

),

final as (

    select
        stg_nycflights__airlines.carrier,
        date_trunc('month', stg_nycflights__flights.flight_date) as month,
        count(*) as flights,
        avg(stg_nycflights__flights.departure_delay_minutes) as average_departure_delay_minutes,
        avg(stg_nycflights__flights.arrival_delay_minutes) as average_arrival_delay_minutes
    from stg_nycflights__flights
    inner join stg_nycflights__airlines
        on stg_nycflights__flights.carrier_code = stg_nycflights__airlines.carrier
    group by
        stg_nycflights__airlines.carrier,
        date_trunc('month', stg_nycflights__flights.flight_date)

)

select * from final
