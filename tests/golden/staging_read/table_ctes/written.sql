{{
    config(
        materialized='view',
        tags=['crm']
    )
}}

with flight_legs as (

    select * from {{ source('ops', 'FlightLegs') }}
    where _aidbt_batch_id = (
        select max(loads._aidbt_batch_id)
        from {{ source('ops', '_aidbt_loads') }} as loads
        where loads.table_name = 'FlightLegs'
    )

)

, flight_legs_renamed as (

    select
        flight_legs.id as leg_id
        , flight_legs.plane as plane_id
        , flight_legs.carrier as carrier
        , flight_legs.delay::decimal(18, 2) as delay_minutes
        , case
            when flight_legs.state = 1 then 'flown'
            else lower(flight_legs.note)
        end as leg_state
        , flight_legs.cancelled::boolean as is_cancelled
        , flight_legs."order" as position
        , {{ to_utc('departed') }} as departed_at
    from flight_legs

)

select * from flight_legs_renamed
