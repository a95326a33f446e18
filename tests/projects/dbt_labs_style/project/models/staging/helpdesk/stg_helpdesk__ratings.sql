with

source as (

    select * from {{ source('helpdesk', 'ratings') }}

),

renamed as (

    select

        ----------  ids
        id as rating_id,
        conversation as conversation_id,

        ---------- text
        comment,

        ---------- numerics
        score,

        ---------- timestamps
        created as created_at

    from source

)

select * from renamed
