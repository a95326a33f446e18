SELECT
  COUNT(*)
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
  AND NOT `t`.`id` IS NULL
  AND NOT `t`.`shop` IS NULL
  AND EXISTS(
    SELECT
      1
    FROM (
      SELECT
        `t`.`id` AS k0,
        `t`.`shop` AS k1
      FROM `acme`.`base`.`Orders` AS `t`
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
        AND NOT `t`.`id` IS NULL
        AND NOT `t`.`shop` IS NULL
      GROUP BY
        `t`.`id`,
        `t`.`shop`
      HAVING
        COUNT(*) > 1
      UNION ALL
      SELECT
        `t`.`id` AS k0,
        `t`.`shop` AS k1
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
        AND NOT `t`.`id` IS NULL
        AND NOT `t`.`shop` IS NULL
      GROUP BY
        `t`.`id`,
        `t`.`shop`
      HAVING
        COUNT(*) > 1
    ) AS repeated
    WHERE
      repeated.k0 = `t`.`id` AND repeated.k1 = `t`.`shop`
  )
