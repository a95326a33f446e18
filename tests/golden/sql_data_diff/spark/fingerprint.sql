SELECT
  q,
  COUNT(*),
  SUM(CAST(r AS DECIMAL(20, 0)))
FROM (
  SELECT
    CASE
      WHEN NOT `t`.`id` IS NULL AND NOT `t`.`shop` IS NULL
      THEN XXHASH64(
        CAST(COALESCE(CAST(`t`.`id` AS STRING), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST(`t`.`shop` AS STRING)) AS STRING) || ':' || CAST(`t`.`shop` AS STRING),
          '~'
        ) || '|' AS STRING)
      ) % 1024
    END AS q,
    XXHASH64(
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
    ) AS r
  FROM `base`.`Orders` AS `t`
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
) AS side
GROUP BY
  q
