SELECT
  COUNT(*),
  COUNT_IF(is_added),
  COUNT_IF(is_removed),
  COUNT_IF(
    (
      (
        (
          d0
        ) OR (
          d1
        )
      ) OR (
        (
          d2
        ) OR (
          d3
        )
      )
    )
    OR (
      (
        (
          d4
        ) OR (
          d5
        )
      ) OR (
        (
          d6
        ) OR (
          d7
        )
      )
    )
  ),
  0,
  COUNT(
    DISTINCT CASE
      WHEN is_added
      THEN XXHASH64(
        CAST(COALESCE(CAST(hk0 AS STRING), '~') || '|' || COALESCE(CAST(LENGTH(CAST(hk1 AS STRING)) AS STRING) || ':' || CAST(hk1 AS STRING), '~') || '|' AS STRING)
      )
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN is_removed
      THEN XXHASH64(
        CAST(COALESCE(CAST(bk0 AS STRING), '~') || '|' || COALESCE(CAST(LENGTH(CAST(bk1 AS STRING)) AS STRING) || ':' || CAST(bk1 AS STRING), '~') || '|' AS STRING)
      )
    END
  ),
  MIN(CASE WHEN is_added THEN CAST(hk0 AS STRING) || ', ' || '•••' END),
  MAX(CASE WHEN is_added THEN CAST(hk0 AS STRING) || ', ' || '•••' END),
  MIN(CASE WHEN is_removed THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  MAX(CASE WHEN is_removed THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  MIN(
    CASE
      WHEN (
        (
          (
            d0
          ) OR (
            d1
          )
        ) OR (
          (
            d2
          ) OR (
            d3
          )
        )
      )
      OR (
        (
          (
            d4
          ) OR (
            d5
          )
        ) OR (
          (
            d6
          ) OR (
            d7
          )
        )
      )
      THEN CAST(bk0 AS STRING) || ', ' || '•••'
    END
  ),
  MAX(
    CASE
      WHEN (
        (
          (
            d0
          ) OR (
            d1
          )
        ) OR (
          (
            d2
          ) OR (
            d3
          )
        )
      )
      OR (
        (
          (
            d4
          ) OR (
            d5
          )
        ) OR (
          (
            d6
          ) OR (
            d7
          )
        )
      )
      THEN CAST(bk0 AS STRING) || ', ' || '•••'
    END
  ),
  COUNT_IF(d0),
  COUNT_IF(d0 AND b0 IS NULL),
  COUNT_IF(d0 AND h0 IS NULL),
  MIN(CASE WHEN d0 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  MAX(CASE WHEN d0 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  COUNT_IF(d0 AND h0 > b0),
  COUNT_IF(d0 AND h0 < b0),
  AVG(
    CAST(CASE
      WHEN d0 AND ABS(CAST(b0 AS DOUBLE)) < 1e150 AND ABS(CAST(h0 AS DOUBLE)) < 1e150
      THEN CAST(h0 AS DOUBLE) - CAST(b0 AS DOUBLE)
    END AS DOUBLE)
  ),
  MAX(
    CASE
      WHEN d0 AND ABS(CAST(b0 AS DOUBLE)) < 1e150 AND ABS(CAST(h0 AS DOUBLE)) < 1e150
      THEN ABS(CAST(h0 AS DOUBLE) - CAST(b0 AS DOUBLE))
    END
  ),
  COUNT_IF(d1),
  COUNT_IF(d1 AND b1 IS NULL),
  COUNT_IF(d1 AND h1 IS NULL),
  MIN(CASE WHEN d1 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  MAX(CASE WHEN d1 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  COUNT_IF(
    d1
    AND ABS(CAST(b1 AS DOUBLE)) < 1e150
    AND ABS(CAST(h1 AS DOUBLE)) < 1e150
    AND h1 > b1
  ),
  COUNT_IF(
    d1
    AND ABS(CAST(b1 AS DOUBLE)) < 1e150
    AND ABS(CAST(h1 AS DOUBLE)) < 1e150
    AND h1 < b1
  ),
  AVG(
    CAST(CASE
      WHEN d1 AND ABS(CAST(b1 AS DOUBLE)) < 1e150 AND ABS(CAST(h1 AS DOUBLE)) < 1e150
      THEN CAST(h1 AS DOUBLE) - CAST(b1 AS DOUBLE)
    END AS DOUBLE)
  ),
  MAX(
    CASE
      WHEN d1 AND ABS(CAST(b1 AS DOUBLE)) < 1e150 AND ABS(CAST(h1 AS DOUBLE)) < 1e150
      THEN ABS(CAST(h1 AS DOUBLE) - CAST(b1 AS DOUBLE))
    END
  ),
  COUNT_IF(NOT b1 IS NULL AND NOT h1 IS NULL AND b1 IS DISTINCT FROM h1 AND NOT d1),
  COUNT_IF(d2),
  COUNT_IF(d2 AND b2 IS NULL),
  COUNT_IF(d2 AND h2 IS NULL),
  MIN(CASE WHEN d2 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  MAX(CASE WHEN d2 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  COUNT_IF(
    CASE
      WHEN d2
      THEN LOWER(REGEXP_REPLACE(b2, '\\s+', '')) = LOWER(REGEXP_REPLACE(h2, '\\s+', ''))
    END
  ),
  COUNT_IF(d3),
  COUNT_IF(d3 AND b3 IS NULL),
  COUNT_IF(d3 AND h3 IS NULL),
  MIN(CASE WHEN d3 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  MAX(CASE WHEN d3 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  COUNT_IF(d4),
  COUNT_IF(d4 AND b4 IS NULL),
  COUNT_IF(d4 AND h4 IS NULL),
  MIN(CASE WHEN d4 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  MAX(CASE WHEN d4 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  MIN(
    CASE
      WHEN d4
      THEN CASE
        WHEN NOT h4 IS NULL
        THEN DATEDIFF(DAY, CAST('1970-01-01' AS DATE), h4) * 86400
      END - CASE
        WHEN NOT b4 IS NULL
        THEN DATEDIFF(DAY, CAST('1970-01-01' AS DATE), b4) * 86400
      END
    END
  ),
  MAX(
    CASE
      WHEN d4
      THEN CASE
        WHEN NOT h4 IS NULL
        THEN DATEDIFF(DAY, CAST('1970-01-01' AS DATE), h4) * 86400
      END - CASE
        WHEN NOT b4 IS NULL
        THEN DATEDIFF(DAY, CAST('1970-01-01' AS DATE), b4) * 86400
      END
    END
  ),
  COUNT(
    CASE
      WHEN d4
      THEN CASE
        WHEN NOT h4 IS NULL
        THEN DATEDIFF(DAY, CAST('1970-01-01' AS DATE), h4) * 86400
      END - CASE
        WHEN NOT b4 IS NULL
        THEN DATEDIFF(DAY, CAST('1970-01-01' AS DATE), b4) * 86400
      END
    END
  ),
  COUNT_IF(d5),
  COUNT_IF(d5 AND b5 IS NULL),
  COUNT_IF(d5 AND h5 IS NULL),
  MIN(CASE WHEN d5 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  MAX(CASE WHEN d5 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  MIN(
    CASE
      WHEN d5
      THEN CASE WHEN NOT h5 IS NULL THEN UNIX_MICROS(CAST(h5 AS TIMESTAMP)) / 1e6 END - CASE WHEN NOT b5 IS NULL THEN UNIX_MICROS(CAST(b5 AS TIMESTAMP)) / 1e6 END
    END
  ),
  MAX(
    CASE
      WHEN d5
      THEN CASE WHEN NOT h5 IS NULL THEN UNIX_MICROS(CAST(h5 AS TIMESTAMP)) / 1e6 END - CASE WHEN NOT b5 IS NULL THEN UNIX_MICROS(CAST(b5 AS TIMESTAMP)) / 1e6 END
    END
  ),
  COUNT(
    CASE
      WHEN d5
      THEN CASE WHEN NOT h5 IS NULL THEN UNIX_MICROS(CAST(h5 AS TIMESTAMP)) / 1e6 END - CASE WHEN NOT b5 IS NULL THEN UNIX_MICROS(CAST(b5 AS TIMESTAMP)) / 1e6 END
    END
  ),
  COUNT_IF(d6),
  COUNT_IF(d6 AND b6 IS NULL),
  COUNT_IF(d6 AND h6 IS NULL),
  MIN(CASE WHEN d6 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  MAX(CASE WHEN d6 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  COUNT_IF(d7),
  COUNT_IF(d7 AND b7 IS NULL),
  COUNT_IF(d7 AND h7 IS NULL),
  MIN(CASE WHEN d7 THEN CAST(bk0 AS STRING) || ', ' || '•••' END),
  MAX(CASE WHEN d7 THEN CAST(bk0 AS STRING) || ', ' || '•••' END)
FROM (
  SELECT
    b.k0 IS NULL AS is_added,
    h.k0 IS NULL AS is_removed,
    b.k0 AS bk0,
    h.k0 AS hk0,
    b.k1 AS bk1,
    h.k1 AS hk1,
    b.v0 AS b0,
    h.v0 AS h0,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v0 IS DISTINCT FROM h.v0 AS d0,
    b.v1 AS b1,
    h.v1 AS h1,
    NOT b.k0 IS NULL
    AND NOT h.k0 IS NULL
    AND b.v1 IS DISTINCT FROM h.v1
    AND NOT CASE
      WHEN ABS(CAST(b.v1 AS DOUBLE)) < 1e150 AND ABS(CAST(h.v1 AS DOUBLE)) < 1e150
      THEN ABS(CAST(h.v1 AS DOUBLE) - CAST(b.v1 AS DOUBLE)) <= 5e-10 * (
        ABS(CAST(b.v1 AS DOUBLE)) + ABS(CAST(h.v1 AS DOUBLE))
      )
      ELSE FALSE
    END AS d1,
    b.v2 AS b2,
    h.v2 AS h2,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v2 IS DISTINCT FROM h.v2 AS d2,
    b.v3 AS b3,
    h.v3 AS h3,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v3 IS DISTINCT FROM h.v3 AS d3,
    b.v4 AS b4,
    h.v4 AS h4,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v4 IS DISTINCT FROM h.v4 AS d4,
    b.v5 AS b5,
    h.v5 AS h5,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v5 IS DISTINCT FROM h.v5 AS d5,
    b.v6 AS b6,
    h.v6 AS h6,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v6 IS DISTINCT FROM h.v6 AS d6,
    b.v7 AS b7,
    h.v7 AS h7,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v7 IS DISTINCT FROM h.v7 AS d7
  FROM (
    SELECT
      `t`.`id` AS k0,
      `t`.`shop` AS k1,
      CAST(`t`.`amount` AS DECIMAL(14, 4)) AS v0,
      `t`.`ratio` AS v1,
      `t`.`name` AS v2,
      `t`.`is_open` AS v3,
      `t`.`born` AS v4,
      `t`.`placed_at` AS v5,
      CAST(`t`.`doc` AS STRING) AS v6,
      BASE64(`t`.`raw`) AS v7
    FROM `acme`.`base`.`Orders` AS `t`
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
      AND NOT `t`.`id` IS NULL
      AND NOT `t`.`shop` IS NULL
      AND CASE
        WHEN NOT `t`.`id` IS NULL AND NOT `t`.`shop` IS NULL
        THEN XXHASH64(
          CAST(COALESCE(CAST(`t`.`id` AS STRING), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST(`t`.`shop` AS STRING)) AS STRING) || ':' || CAST(`t`.`shop` AS STRING),
            '~'
          ) || '|' AS STRING)
        ) % 1024
      END IN (1, 5, 900)
  ) AS b
  FULL JOIN (
    SELECT
      `t`.`id` AS k0,
      `t`.`shop` AS k1,
      CAST(`t`.`amount` AS DECIMAL(14, 4)) AS v0,
      `t`.`ratio` AS v1,
      `t`.`name` AS v2,
      `t`.`is_open` AS v3,
      `t`.`born` AS v4,
      `t`.`placed_at` AS v5,
      CAST(`t`.`doc` AS STRING) AS v6,
      BASE64(`t`.`raw`) AS v7
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
      AND NOT `t`.`id` IS NULL
      AND NOT `t`.`shop` IS NULL
      AND CASE
        WHEN NOT `t`.`id` IS NULL AND NOT `t`.`shop` IS NULL
        THEN XXHASH64(
          CAST(COALESCE(CAST(`t`.`id` AS STRING), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST(`t`.`shop` AS STRING)) AS STRING) || ':' || CAST(`t`.`shop` AS STRING),
            '~'
          ) || '|' AS STRING)
        ) % 1024
      END IN (1, 5, 900)
  ) AS h
    ON b.k0 = h.k0 AND b.k1 = h.k1
) AS j
