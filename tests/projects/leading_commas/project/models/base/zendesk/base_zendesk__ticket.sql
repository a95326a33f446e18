-- grain: one row per ticket
WITH src AS (

    SELECT *
    FROM {{ source('zendesk', 'ticket') }}
    WHERE NOT COALESCE(_fivetran_deleted, FALSE)

)

, renamed AS (

    SELECT
        CAST(id AS BIGINT) AS ticket_key
        , CAST(requester_id AS BIGINT) AS requester_key
        , CAST(assignee_id AS BIGINT) AS assignee_key
        , subject
        , type AS ticket_type
        , status AS ticket_status
        , priority
        , order_no
        , first_reply_minutes
        , is_public AS flag_public
        , has_incidents AS flag_incidents
        , CAST(due_date AS DATE) AS due_dt
        , CAST(created_at AS TIMESTAMP) AS created_ts
        , CAST(updated_at AS TIMESTAMP) AS updated_ts
        , CAST(solved_at AS TIMESTAMP) AS solved_ts
        , CAST(_fivetran_synced AS TIMESTAMP) AS loaded_ts
    FROM src

)

SELECT * FROM renamed
