WITH source AS (
  SELECT * FROM {{ source('ga', 'users') }}
)

SELECT
  user_pseudo_id AS user_id,
  CAST(first_seen AS TIMESTAMP) AS first_seen_at,
  * EXCEPT (user_pseudo_id, first_seen)
FROM source
