{{ config(materialized='view') }}

SELECT
    Id AS invoice_id
    , AccountId AS account_id
    , CAST(DueDate AS DATE) AS due_date -- in the tenant's time zone
    , CASE
        WHEN State = 3 THEN 'paid'
        ELSE 'open'
      END AS state
FROM {{ source("billing", "invoices") }}
WHERE
    NOT IsDeleted
