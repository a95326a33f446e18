-- grain: one row per refund
WITH src AS (

    SELECT *
    FROM {{ source('stripe', 'refund') }}

)

, renamed AS (

    SELECT
        CAST(id AS VARCHAR) AS refund_key
        , CAST(charge_id AS VARCHAR) AS charge_key
        , reason
        , status AS refund_status
        , CAST(amount / 100.0 AS NUMERIC(18, 2)) AS amount_eur
        , CAST(created AS TIMESTAMP) AS created_ts
        , CAST(_fivetran_synced AS TIMESTAMP) AS loaded_ts
    FROM src

)

SELECT * FROM renamed
