-- grain: one row per user
WITH src AS (

    SELECT *
    FROM {{ source('zendesk', 'user') }}
    WHERE NOT COALESCE(_fivetran_deleted, FALSE)

)

, renamed AS (

    SELECT
        CAST(id AS BIGINT) AS user_key
        , CAST(organization_id AS BIGINT) AS organization_key
        , name AS user_name
        , LOWER(TRIM(email)) AS email
        , role
        , active AS flag_active
        , suspended AS flag_suspended
        , CAST(created_at AS TIMESTAMP) AS created_ts
        , CAST(last_login_at AS TIMESTAMP) AS last_login_ts
        , CAST(_fivetran_synced AS TIMESTAMP) AS loaded_ts
    FROM src

)

SELECT * FROM renamed
