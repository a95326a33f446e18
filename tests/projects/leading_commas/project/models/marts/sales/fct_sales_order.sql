SELECT
    sales_order_key
    , customer_key
    , store_key
    , order_no
    , sales_order_status
    , channel
    , total_eur
    , paid_eur
    , refunded_eur
    , lines
    , {{ fiscal_year('ordered_ts') }} AS fiscal_year
    , CAST(ordered_ts AS DATE) AS ordered_dt
    , ordered_ts
FROM {{ ref('stg_sales_order') }}
