-- Stripe would not allow it, but we once did the join wrong.
SELECT order_no
FROM {{ ref('stg_payment') }}
WHERE refunded_eur > paid_eur
