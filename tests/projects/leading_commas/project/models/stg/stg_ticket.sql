-- grain: one row per ticket
WITH ticket AS (

    SELECT * FROM {{ ref('base_zendesk__ticket') }}

)

, agent AS (

    SELECT * FROM {{ ref('base_zendesk__user') }}
    WHERE role IN ('agent', 'admin')

)

, final AS (

    SELECT
        ticket.*
        , agent.user_name AS agent_name
        , DATE_DIFF('hour', ticket.created_ts, ticket.solved_ts) AS hours_to_solve
    FROM ticket
    LEFT JOIN agent
        ON agent.user_key = ticket.assignee_key

)

SELECT * FROM final
