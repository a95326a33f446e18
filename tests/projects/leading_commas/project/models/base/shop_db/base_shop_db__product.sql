-- grain: one row per product
WITH src AS (

    SELECT *
    FROM {{ source('shop_db', 'product') }}
    WHERE NOT COALESCE(_fivetran_deleted, FALSE)

)

, renamed AS (

    SELECT
        CAST(id AS BIGINT) AS product_key
        , sku
        , name AS product_name
        , type AS product_type
        , weight_kg
        , CAST(list_price AS NUMERIC(18, 2)) AS list_price_eur
        , is_active AS flag_active
        , CAST(launch_date AS DATE) AS launch_dt
        , CAST(created_at AS TIMESTAMP) AS created_ts
        , CAST(updated_at AS TIMESTAMP) AS updated_ts
        , CAST(_fivetran_synced AS TIMESTAMP) AS loaded_ts
    FROM src

)

SELECT * FROM renamed
