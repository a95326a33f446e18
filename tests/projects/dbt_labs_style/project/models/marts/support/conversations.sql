with

conversations as (

    select * from {{ ref('stg_helpdesk__conversations') }}

),

agents as (

    select * from {{ ref('stg_helpdesk__agents') }}

),

ratings as (

    select * from {{ ref('stg_helpdesk__ratings') }}

),

joined as (

    select
        conversations.*,
        agents.agent_name,
        ratings.score

    from conversations

    left join agents
        on conversations.agent_id = agents.agent_id

    left join ratings
        on conversations.conversation_id = ratings.conversation_id

)

select * from joined
