{{ config(severity = 'warn') }}

SELECT sales_order_key
FROM {{ ref('base_shop_db__sales_order') }}
WHERE
    sales_order_status = 'shipped'
    AND shipped_ts IS NULL
