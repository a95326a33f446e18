with

source as (

    select * from {{ source('helpdesk', 'conversations') }}

),

renamed as (

    select

        ----------  ids
        id as conversation_id,
        customer as customer_id,
        agent as agent_id,

        ---------- text
        status as conversation_status,
        channel,
        priority,
        subject,

        ---------- numerics
        first_reply_minutes,

        ---------- booleans
        escalated as is_escalated,

        ---------- timestamps
        created as created_at,
        closed as closed_at

    from source

)

select * from renamed
