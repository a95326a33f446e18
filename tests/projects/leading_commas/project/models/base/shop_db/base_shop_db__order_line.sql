-- grain: one row per line of an order
WITH src AS (

    SELECT *
    FROM {{ source('shop_db', 'order_line') }}
    WHERE NOT COALESCE(_fivetran_deleted, FALSE)

)

, renamed AS (

    SELECT
        CAST(id AS BIGINT) AS order_line_key
        , CAST(order_id AS BIGINT) AS sales_order_key  -- the shop says order, we say sales order
        , CAST(product_id AS BIGINT) AS product_key
        , line_no
        , quantity
        , CAST(unit_price AS NUMERIC(18, 2)) AS unit_price_eur
        , CAST(line_amount AS NUMERIC(18, 2)) AS line_eur
        , is_return AS flag_return
        , CAST(created_at AS TIMESTAMP) AS created_ts
        , CAST(_fivetran_synced AS TIMESTAMP) AS loaded_ts
    FROM src

)

SELECT * FROM renamed
