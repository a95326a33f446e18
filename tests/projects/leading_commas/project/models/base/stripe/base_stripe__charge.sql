-- grain: one row per attempt to take money
WITH src AS (

    SELECT *
    FROM {{ source('stripe', 'charge') }}

)

, renamed AS (

    SELECT
        CAST(id AS VARCHAR) AS charge_key
        , CAST(balance_transaction_id AS VARCHAR) AS balance_transaction_key
        , order_no
        , UPPER(currency) AS currency_code
        , status AS charge_status
        , CAST(amount / 100.0 AS NUMERIC(18, 2)) AS amount_eur
        , CAST(amount_refunded / 100.0 AS NUMERIC(18, 2)) AS amount_refunded_eur
        , paid AS flag_paid
        , captured AS flag_captured
        , CAST(created AS TIMESTAMP) AS created_ts
        , CAST(_fivetran_synced AS TIMESTAMP) AS loaded_ts
    FROM src

)

SELECT * FROM renamed
