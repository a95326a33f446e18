-- grain: one row per order that was charged
WITH charge AS (

    SELECT * FROM {{ ref('base_stripe__charge') }}
    WHERE charge_status = 'succeeded'

)

, refund AS (

    SELECT
        charge_key
        , SUM(amount_eur) AS refunded_eur
    FROM {{ ref('base_stripe__refund') }}
    GROUP BY charge_key

)

, final AS (

    SELECT
        charge.order_no
        , SUM(charge.amount_eur) AS paid_eur
        , SUM(COALESCE(refund.refunded_eur, 0)) AS refunded_eur
        , MIN(charge.created_ts) AS first_paid_ts
    FROM charge
    LEFT JOIN refund
        ON refund.charge_key = charge.charge_key
    GROUP BY charge.order_no

)

SELECT * FROM final
