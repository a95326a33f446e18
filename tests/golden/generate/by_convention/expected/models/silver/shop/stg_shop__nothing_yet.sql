with source as (

    select
        id,
        note
    from {{ source('shop', 'nothing_yet') }}

),

renamed as (

    select
        id as nothing_yet_id,
        note
    from source

)

select * from renamed
