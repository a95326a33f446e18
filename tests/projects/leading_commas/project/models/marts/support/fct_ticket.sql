SELECT
    ticket_key
    , requester_key
    , assignee_key
    , agent_name
    , ticket_type
    , ticket_status
    , priority
    , hours_to_solve
    , order_no
    , created_ts
    , solved_ts
FROM {{ ref('stg_ticket') }}
