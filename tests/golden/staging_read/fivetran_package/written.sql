with base as (

    select *
    from {{ source('ops', 'FlightLegs') }}
    where _aidbt_batch_id = (
        select max(loads._aidbt_batch_id)
        from {{ source('ops', '_aidbt_loads') }} as loads
        where loads.table_name = 'FlightLegs'
    )
),

fields as (

    select
        id,
        plane,
        carrier,
        delay,
        state,
        note,
        cancelled,
        "order"

    from base
),

final as (

    select
        id as leg_id,
        plane as plane_id,
        carrier,
        cast(delay as decimal(18, 2)) as delay_minutes,
        case
            when state = 1 then 'flown'
            else lower(note)
        end as leg_state,
        cast(cancelled as boolean) as is_cancelled,
        "order" as position,
        {{ to_utc('departed') }} as departed_at

    from fields
)

select *
from final
