WITH source AS (
  SELECT * FROM {{ source('ga', 'items') }}
)

SELECT
  item_id,
  CAST(price AS NUMERIC) AS price
FROM source
