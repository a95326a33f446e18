{{ config(partition_by={'field': 'event_date', 'data_type': 'date'}) }}

WITH source AS (
  SELECT * FROM {{ source('ga', 'events') }}
)

SELECT
  `event id` AS event_id,
  PARSE_DATE('%Y%m%d', event_date) AS event_date,
  device.category AS device_category,
  SAFE_CAST(value AS NUMERIC) AS event_value,
  CAST(user_pseudo_id AS STRING) AS user_id,
  NULL AS campaign
FROM source
