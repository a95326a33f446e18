-- grain: one row per order
WITH src AS (

    SELECT *
    FROM {{ source('shop_db', 'sales_order') }}
    WHERE NOT COALESCE(_fivetran_deleted, FALSE)

)

, renamed AS (

    SELECT
        CAST(id AS BIGINT) AS sales_order_key
        , CAST(customer_id AS BIGINT) AS customer_key
        , CAST(store_id AS BIGINT) AS store_key
        , order_no
        , status AS sales_order_status
        , channel
        , comment
        , CAST(total_amount AS NUMERIC(18, 2)) AS total_eur
        , CAST(shipping_amount AS NUMERIC(18, 2)) AS shipping_eur
        , CAST(discount_amount AS NUMERIC(18, 2)) AS discount_eur
        , is_gift AS flag_gift
        , CAST(delivery_date AS DATE) AS delivery_dt
        , CAST(ordered_at AS TIMESTAMP) AS ordered_ts
        , CAST(shipped_at AS TIMESTAMP) AS shipped_ts
        , CAST(updated_at AS TIMESTAMP) AS updated_ts
        , CAST(_fivetran_synced AS TIMESTAMP) AS loaded_ts
    FROM src

)

SELECT * FROM renamed
