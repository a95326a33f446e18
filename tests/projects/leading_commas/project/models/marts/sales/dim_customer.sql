{{ config(alias = 'dim_customer') }}

WITH customer AS (

    SELECT * FROM {{ ref('base_shop_db__customer') }}

)

, sales_order AS (

    SELECT
        customer_key
        , COUNT(*) AS orders
        , SUM(total_eur) AS total_eur
        , MIN(ordered_ts) AS first_order_ts
    FROM {{ ref('stg_sales_order') }}
    WHERE sales_order_status <> 'cancelled'
    GROUP BY customer_key

)

SELECT
    customer.customer_key
    , customer.email
    , customer.first_name || ' ' || customer.last_name AS full_name
    , customer.country_code
    , customer.flag_b2b
    , COALESCE(sales_order.orders, 0) AS orders
    , COALESCE(sales_order.total_eur, 0) AS total_eur
    , sales_order.first_order_ts
    , customer.created_ts
FROM customer
LEFT JOIN sales_order
    ON sales_order.customer_key = customer.customer_key
