WITH source AS (

    SELECT *
    FROM {{ source('zuora', 'account') }}

), renamed AS (

    SELECT
      id::VARCHAR                      AS account_id,
      accountnumber::VARCHAR           AS account_number,
      balance::NUMBER                  AS account_balance,
      autopay::BOOLEAN                 AS is_auto_pay,
      -- metadata
      createddate::TIMESTAMP_TZ        AS created_date
    FROM source

)

SELECT *
FROM renamed
