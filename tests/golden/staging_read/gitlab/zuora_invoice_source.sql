WITH source AS (

    SELECT *
    FROM {{ source('zuora', 'invoice') }}

), renamed AS (

    SELECT
      id::VARCHAR                      AS invoice_id,
      accountid::VARCHAR               AS account_id,
      amount::NUMBER                   AS invoice_amount,
      duedate::TIMESTAMP_TZ            AS due_date
    FROM source

)

SELECT *
FROM renamed
