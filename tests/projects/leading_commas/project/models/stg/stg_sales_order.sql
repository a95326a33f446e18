-- grain: one row per order
WITH sales_order AS (

    SELECT * FROM {{ ref('base_shop_db__sales_order') }}

)

, order_line AS (

    SELECT
        sales_order_key
        , COUNT(*) AS lines
        , SUM(line_eur) AS lines_eur
    FROM {{ ref('base_shop_db__order_line') }}
    WHERE NOT flag_return
    GROUP BY sales_order_key

)

, final AS (

    SELECT
        sales_order.*
        , COALESCE(order_line.lines, 0) AS lines
        , COALESCE(order_line.lines_eur, 0) AS lines_eur
        , COALESCE(payment.paid_eur, 0) AS paid_eur
        , COALESCE(payment.refunded_eur, 0) AS refunded_eur
        , payment.first_paid_ts
    FROM sales_order
    LEFT JOIN order_line
        ON order_line.sales_order_key = sales_order.sales_order_key
    LEFT JOIN {{ ref('stg_payment') }} AS payment
        ON payment.order_no = sales_order.order_no

)

SELECT * FROM final
