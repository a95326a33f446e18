{{ config(materialized='view') }}

SELECT
    Id AS account_id
    , ParentId AS parent_account_id
    , CAST(Balance AS NUMERIC) AS balance
    , UPPER(CountryCode) AS country_code
    , Status
FROM {{ source("billing", "accounts") }}
