{{
    config(
        materialized='view',
        tags=['crm']
    )
}}

with notes as (

    select * from {{ source('crm', 'notes') }}

)

, notes_renamed as (

    select
        notes.id as note_id
        , notes.lead as lead_id
        , notes.body as body
    from notes

)

select * from notes_renamed
