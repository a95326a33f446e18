-- grain: one row per customer
WITH src AS (

    SELECT *
    FROM {{ source('shop_db', 'customer') }}
    WHERE NOT COALESCE(_fivetran_deleted, FALSE)

)

, renamed AS (

    SELECT
        CAST(id AS BIGINT) AS customer_key
        , CAST(home_store_id AS BIGINT) AS home_store_key
        , LOWER(TRIM(email)) AS email
        , first_name
        , last_name
        , UPPER(country) AS country_code
        , CAST(credit_limit AS NUMERIC(18, 2)) AS credit_limit_eur
        , is_b2b AS flag_b2b
        , has_newsletter AS flag_newsletter
        , CAST(birth_date AS DATE) AS birth_dt
        , CAST(created_at AS TIMESTAMP) AS created_ts
        , CAST(updated_at AS TIMESTAMP) AS updated_ts
        , CAST(_fivetran_synced AS TIMESTAMP) AS loaded_ts
    FROM src

)

SELECT * FROM renamed
