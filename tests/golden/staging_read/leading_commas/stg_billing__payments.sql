{{ config(materialized='view') }}

SELECT
    Id AS payment_id
    , InvoiceId AS invoice_id
    , CAST(Amount AS NUMERIC) / 100 AS amount
    , PaidAt AS paid_at
FROM {{ source("billing", "payments") }}
