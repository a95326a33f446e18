with

source as (

    select * from {{ source('ops', 'FlightLegs') }}
    where _aidbt_batch_id = (
        select max(loads._aidbt_batch_id)
        from {{ source('ops', '_aidbt_loads') }} as loads
        where loads.table_name = 'FlightLegs'
    )

),

renamed as (

    select

        ----------  ids
        id as leg_id,
        plane as plane_id,

        ---------- text
        carrier,
        cast(delay as decimal(18, 2)) as delay_minutes,
        case
            when state = 1 then 'flown'
            else lower(note)
        end as leg_state,
        "order" as position,

        ---------- booleans
        cast(cancelled as boolean) as is_cancelled,

        ---------- timestamps
        {{ to_utc('departed') }} as departed_at

    from source

)

select * from renamed
