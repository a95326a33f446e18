SELECT DISTINCT
  MOD(
    FARM_FINGERPRINT(
      CAST(COALESCE(CAST(bk0 AS STRING), '~') || '|' || COALESCE(CAST(LENGTH(CAST(bk1 AS STRING)) AS STRING) || ':' || CAST(bk1 AS STRING), '~') || '|' AS STRING)
    ),
    1024
  )
FROM (
  SELECT
    b.k0 IS NULL AS is_added,
    h.k0 IS NULL AS is_removed,
    b.k0 AS bk0,
    h.k0 AS hk0,
    b.k1 AS bk1,
    h.k1 AS hk1,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.r <> h.r AS s
  FROM (
    SELECT
      `t`.`id` AS k0,
      `t`.`shop` AS k1,
      FARM_FINGERPRINT(
        CAST(COALESCE(
          CAST(LENGTH(CAST(`t`.`name` AS STRING)) AS STRING) || ':' || CAST(`t`.`name` AS STRING),
          '~'
        ) || '|' || COALESCE(CASE WHEN `t`.`is_open` THEN 'true' WHEN NOT `t`.`is_open` THEN 'false' END, '~') || '|' || COALESCE(CAST(`t`.`born` AS STRING), '~') || '|' || COALESCE(CAST(`t`.`placed_at` AS STRING), '~') || '|' AS STRING)
      ) AS r
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
      AND CASE
        WHEN NOT `t`.`id` IS NULL AND NOT `t`.`shop` IS NULL
        THEN MOD(
          FARM_FINGERPRINT(
            CAST(COALESCE(CAST(`t`.`id` AS STRING), '~') || '|' || COALESCE(
              CAST(LENGTH(CAST(`t`.`shop` AS STRING)) AS STRING) || ':' || CAST(`t`.`shop` AS STRING),
              '~'
            ) || '|' AS STRING)
          ),
          1024
        )
      END IN (1, 5, 900)
  ) AS b
  FULL JOIN (
    SELECT
      `t`.`id` AS k0,
      `t`.`shop` AS k1,
      FARM_FINGERPRINT(
        CAST(COALESCE(
          CAST(LENGTH(CAST(`t`.`name` AS STRING)) AS STRING) || ':' || CAST(`t`.`name` AS STRING),
          '~'
        ) || '|' || COALESCE(CASE WHEN `t`.`is_open` THEN 'true' WHEN NOT `t`.`is_open` THEN 'false' END, '~') || '|' || COALESCE(CAST(`t`.`born` AS STRING), '~') || '|' || COALESCE(CAST(`t`.`placed_at` AS STRING), '~') || '|' AS STRING)
      ) AS r
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
      AND CASE
        WHEN NOT `t`.`id` IS NULL AND NOT `t`.`shop` IS NULL
        THEN MOD(
          FARM_FINGERPRINT(
            CAST(COALESCE(CAST(`t`.`id` AS STRING), '~') || '|' || COALESCE(
              CAST(LENGTH(CAST(`t`.`shop` AS STRING)) AS STRING) || ':' || CAST(`t`.`shop` AS STRING),
              '~'
            ) || '|' AS STRING)
          ),
          1024
        )
      END IN (1, 5, 900)
  ) AS h
    ON b.k0 = h.k0 AND b.k1 = h.k1
) AS j
WHERE
  s
LIMIT 100
