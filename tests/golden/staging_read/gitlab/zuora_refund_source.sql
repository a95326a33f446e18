WITH source AS (

    SELECT *
    FROM {{ source('zuora', 'refund') }}

), renamed AS (

    SELECT
      id::VARCHAR                      AS refund_id,
      amount::NUMBER                   AS refund_amount,
      PARSE_JSON(raw):reason::VARCHAR  AS refund_reason
    FROM source

)

SELECT *
FROM renamed
