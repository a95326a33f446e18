{{ config(materialized='view') }}

with changes as (

    select * from {{ source('crm', 'visits') }}

),

emptied as (

    select
        _aidbt_position,
        _aidbt_sequence,
        row_number() over (
            order by _aidbt_position desc, _aidbt_sequence desc
        ) as place
    from changes
    where _aidbt_op = 't'

),

standing as (

    select
        changes."at",
        changes.page
    from changes
    left join emptied
        on emptied.place = 1
    where
        changes._aidbt_op not in ('t', 'd')
        and (
            emptied.place is null
            or changes._aidbt_position > emptied._aidbt_position
            or (
                changes._aidbt_position = emptied._aidbt_position
                and changes._aidbt_sequence > emptied._aidbt_sequence
            )
        )

)

select * from standing
