with

source as (

    select * from {{ source('helpdesk', 'agents') }}

),

renamed as (

    select

        ----------  ids
        id as agent_id,

        ---------- text
        name as agent_name,
        email,
        type as agent_type,

        ---------- booleans
        active as is_active,

        ---------- timestamps
        created as created_at

    from source

)

select * from renamed
