SELECT
  COUNT(*),
  COUNT(`t`.`id`),
  APPROX_COUNT_DISTINCT(`t`.`id`),
  CAST(MIN(`t`.`id`) AS STRING),
  CAST(MAX(`t`.`id`) AS STRING),
  SUM(CAST(`t`.`id` AS DOUBLE)),
  COUNT(`t`.`shop`),
  APPROX_COUNT_DISTINCT(`t`.`shop`),
  COUNT(`t`.`amount`),
  APPROX_COUNT_DISTINCT(`t`.`amount`),
  CAST(MIN(`t`.`amount`) AS STRING),
  CAST(MAX(`t`.`amount`) AS STRING),
  SUM(CAST(`t`.`amount` AS DOUBLE)),
  COUNT(`t`.`ratio`),
  APPROX_COUNT_DISTINCT(`t`.`ratio`),
  CAST(MIN(`t`.`ratio`) AS STRING),
  CAST(MAX(`t`.`ratio`) AS STRING),
  SUM(
    CASE
      WHEN ABS(CAST(`t`.`ratio` AS DOUBLE)) < 1e150
      THEN CAST(`t`.`ratio` AS DOUBLE)
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
    CASE
      WHEN NOT `t`.`id` IS NULL AND NOT `t`.`shop` IS NULL
      THEN XXHASH64(
        CAST(COALESCE(CAST(`t`.`id` AS STRING), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST(`t`.`shop` AS STRING)) AS STRING) || ':' || CAST(`t`.`shop` AS STRING),
          '~'
        ) || '|' AS STRING)
      )
      ELSE XXHASH64(
        CAST(COALESCE(CAST(`t`.`id` AS STRING), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST(`t`.`shop` AS STRING)) AS STRING) || ':' || CAST(`t`.`shop` AS STRING),
          '~'
        ) || '|' || COALESCE(CAST(CAST(`t`.`amount` AS DECIMAL(14, 4)) AS STRING), '~') || '|' || COALESCE(CAST(`t`.`ratio` AS STRING), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST(`t`.`name` AS STRING)) AS STRING) || ':' || CAST(`t`.`name` AS STRING),
          '~'
        ) || '|' || COALESCE(CASE WHEN `t`.`is_open` THEN 'true' WHEN NOT `t`.`is_open` THEN 'false' END, '~') || '|' || COALESCE(CAST(`t`.`born` AS STRING), '~') || '|' || COALESCE(CAST(`t`.`placed_at` AS STRING), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST(CAST(`t`.`doc` AS STRING) AS STRING)) AS STRING) || ':' || CAST(CAST(`t`.`doc` AS STRING) AS STRING),
          '~'
        ) || '|' || COALESCE(
          CAST(LENGTH(CAST(BASE64(`t`.`raw`) AS STRING)) AS STRING) || ':' || CAST(BASE64(`t`.`raw`) AS STRING),
          '~'
        ) || '|' AS STRING)
      )
    END % 3
  ) = 0
