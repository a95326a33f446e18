SELECT
  COUNT(*),
  COUNT(`t`.`id`),
  APPROX_COUNT_DISTINCT(`t`.`id`),
  CAST(MIN(`t`.`id`) AS STRING),
  CAST(MAX(`t`.`id`) AS STRING),
  SUM(CAST(`t`.`id` AS FLOAT64)),
  COUNT(`t`.`shop`),
  APPROX_COUNT_DISTINCT(`t`.`shop`),
  COUNT(`t`.`amount`),
  APPROX_COUNT_DISTINCT(`t`.`amount`),
  CAST(MIN(`t`.`amount`) AS STRING),
  CAST(MAX(`t`.`amount`) AS STRING),
  SUM(CAST(`t`.`amount` AS FLOAT64)),
  COUNT(`t`.`ratio`),
  APPROX_COUNT_DISTINCT(`t`.`ratio`),
  CAST(MIN(`t`.`ratio`) AS STRING),
  CAST(MAX(`t`.`ratio`) AS STRING),
  SUM(
    CASE
      WHEN ABS(CAST(`t`.`ratio` AS FLOAT64)) < 1e150
      THEN CAST(`t`.`ratio` AS FLOAT64)
    END
  ),
  COUNT(`t`.`name`),
  APPROX_COUNT_DISTINCT(`t`.`name`),
  COUNT(`t`.`is_open`),
  APPROX_COUNT_DISTINCT(`t`.`is_open`),
  COUNT(`t`.`born`),
  APPROX_COUNT_DISTINCT(`t`.`born`),
  CAST(MIN(`t`.`born`) AS STRING),
  CAST(MAX(`t`.`born`) AS STRING),
  COUNT(`t`.`placed_at`),
  APPROX_COUNT_DISTINCT(`t`.`placed_at`),
  CAST(MIN(`t`.`placed_at`) AS STRING),
  CAST(MAX(`t`.`placed_at`) AS STRING),
  COUNT(`t`.`doc`),
  COUNT(`t`.`raw`)
FROM `acme`.`head`.`Orders` AS `t`
WHERE
  (
    MOD(
      CASE
        WHEN NOT `t`.`id` IS NULL AND NOT `t`.`shop` IS NULL
        THEN FARM_FINGERPRINT(
          CAST(COALESCE(CAST(`t`.`id` AS STRING), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST(`t`.`shop` AS STRING)) AS STRING) || ':' || CAST(`t`.`shop` AS STRING),
            '~'
          ) || '|' AS STRING)
        )
        ELSE FARM_FINGERPRINT(
          CAST(COALESCE(CAST(`t`.`id` AS STRING), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST(`t`.`shop` AS STRING)) AS STRING) || ':' || CAST(`t`.`shop` AS STRING),
            '~'
          ) || '|' || COALESCE(CAST(`t`.`amount` AS STRING), '~') || '|' || COALESCE(CAST(`t`.`ratio` AS STRING), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST(`t`.`name` AS STRING)) AS STRING) || ':' || CAST(`t`.`name` AS STRING),
            '~'
          ) || '|' || COALESCE(CASE WHEN `t`.`is_open` THEN 'true' WHEN NOT `t`.`is_open` THEN 'false' END, '~') || '|' || COALESCE(CAST(`t`.`born` AS STRING), '~') || '|' || COALESCE(CAST(`t`.`placed_at` AS STRING), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST(TO_JSON_STRING(`t`.`doc`) AS STRING)) AS STRING) || ':' || CAST(TO_JSON_STRING(`t`.`doc`) AS STRING),
            '~'
          ) || '|' || COALESCE(
            CAST(LENGTH(CAST(to_base64(`t`.`raw`) AS STRING)) AS STRING) || ':' || CAST(to_base64(`t`.`raw`) AS STRING),
            '~'
          ) || '|' AS STRING)
        )
      END,
      3
    )
  ) = 0
