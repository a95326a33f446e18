-- grain: one row per transfer to our bank
WITH src AS (

    SELECT *
    FROM {{ source('stripe', 'payout') }}

)

, renamed AS (

    SELECT
        CAST(id AS VARCHAR) AS payout_key
        , status AS payout_status
        , CAST(amount / 100.0 AS NUMERIC(18, 2)) AS amount_eur
        , automatic AS flag_automatic
        , CAST(arrival_date AS DATE) AS arrival_dt
        , CAST(created AS TIMESTAMP) AS created_ts
        , CAST(_fivetran_synced AS TIMESTAMP) AS loaded_ts
    FROM src

)

SELECT * FROM renamed
