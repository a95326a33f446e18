SELECT
  COUNT(*),
  COUNT_IF(is_added),
  COUNT_IF(is_removed),
  COUNT_IF((
    d0
  ) OR (
    s
  )),
  COUNT_IF(s),
  COUNT(
    DISTINCT CASE
      WHEN is_added
      THEN FROM_BIG_ENDIAN_64(
        XXHASH64(
          TO_UTF8(
            CAST(CONCAT(
              CAST(COALESCE(CAST(hk0 AS VARCHAR), '~') AS VARCHAR),
              CAST('|' AS VARCHAR),
              CAST(COALESCE(
                CONCAT(
                  CAST(LENGTH(CAST(hk1 AS VARCHAR)) AS VARCHAR),
                  CAST(':' AS VARCHAR),
                  CAST(hk1 AS VARCHAR)
                ),
                '~'
              ) AS VARCHAR),
              CAST('|' AS VARCHAR)
            ) AS VARCHAR)
          )
        )
      )
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN is_removed
      THEN FROM_BIG_ENDIAN_64(
        XXHASH64(
          TO_UTF8(
            CAST(CONCAT(
              CAST(COALESCE(CAST(bk0 AS VARCHAR), '~') AS VARCHAR),
              CAST('|' AS VARCHAR),
              CAST(COALESCE(
                CONCAT(
                  CAST(LENGTH(CAST(bk1 AS VARCHAR)) AS VARCHAR),
                  CAST(':' AS VARCHAR),
                  CAST(bk1 AS VARCHAR)
                ),
                '~'
              ) AS VARCHAR),
              CAST('|' AS VARCHAR)
            ) AS VARCHAR)
          )
        )
      )
    END
  ),
  MIN(
    CASE
      WHEN is_added
      THEN CONCAT(CAST(hk0 AS VARCHAR), CAST(', ' AS VARCHAR), CAST('•••' AS VARCHAR))
    END
  ),
  MAX(
    CASE
      WHEN is_added
      THEN CONCAT(CAST(hk0 AS VARCHAR), CAST(', ' AS VARCHAR), CAST('•••' AS VARCHAR))
    END
  ),
  MIN(
    CASE
      WHEN is_removed
      THEN CONCAT(CAST(bk0 AS VARCHAR), CAST(', ' AS VARCHAR), CAST('•••' AS VARCHAR))
    END
  ),
  MAX(
    CASE
      WHEN is_removed
      THEN CONCAT(CAST(bk0 AS VARCHAR), CAST(', ' AS VARCHAR), CAST('•••' AS VARCHAR))
    END
  ),
  MIN(
    CASE
      WHEN (
        d0
      ) OR (
        s
      )
      THEN CONCAT(CAST(bk0 AS VARCHAR), CAST(', ' AS VARCHAR), CAST('•••' AS VARCHAR))
    END
  ),
  MAX(
    CASE
      WHEN (
        d0
      ) OR (
        s
      )
      THEN CONCAT(CAST(bk0 AS VARCHAR), CAST(', ' AS VARCHAR), CAST('•••' AS VARCHAR))
    END
  ),
  COUNT_IF(d0),
  COUNT_IF(d0 AND b0 IS NULL),
  COUNT_IF(d0 AND h0 IS NULL),
  MIN(
    CASE
      WHEN d0
      THEN CONCAT(CAST(bk0 AS VARCHAR), CAST(', ' AS VARCHAR), CAST('•••' AS VARCHAR))
    END
  ),
  MAX(
    CASE
      WHEN d0
      THEN CONCAT(CAST(bk0 AS VARCHAR), CAST(', ' AS VARCHAR), CAST('•••' AS VARCHAR))
    END
  ),
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
  )
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
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.r <> h.r AS s
  FROM (
    SELECT
      "t"."id" AS k0,
      "t"."shop" AS k1,
      CAST("t"."amount" AS DECIMAL(14, 4)) AS v0,
      FROM_BIG_ENDIAN_64(
        XXHASH64(
          TO_UTF8(
            CAST(CONCAT(
              CAST(COALESCE(
                CONCAT(
                  CAST(LENGTH(CAST("t"."name" AS VARCHAR)) AS VARCHAR),
                  CAST(':' AS VARCHAR),
                  CAST("t"."name" AS VARCHAR)
                ),
                '~'
              ) AS VARCHAR),
              CAST('|' AS VARCHAR),
              CAST(COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') AS VARCHAR),
              CAST('|' AS VARCHAR),
              CAST(COALESCE(CAST("t"."born" AS VARCHAR), '~') AS VARCHAR),
              CAST('|' AS VARCHAR),
              CAST(COALESCE(CAST("t"."placed_at" AS VARCHAR), '~') AS VARCHAR),
              CAST('|' AS VARCHAR)
            ) AS VARCHAR)
          )
        )
      ) AS r
    FROM "acme"."base"."Orders" AS "t"
    WHERE
      (
        CASE
          WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
          THEN FROM_BIG_ENDIAN_64(
            XXHASH64(
              TO_UTF8(
                CAST(CONCAT(
                  CAST(COALESCE(CAST("t"."id" AS VARCHAR), '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(
                    CONCAT(
                      CAST(LENGTH(CAST("t"."shop" AS VARCHAR)) AS VARCHAR),
                      CAST(':' AS VARCHAR),
                      CAST("t"."shop" AS VARCHAR)
                    ),
                    '~'
                  ) AS VARCHAR),
                  CAST('|' AS VARCHAR)
                ) AS VARCHAR)
              )
            )
          )
          ELSE FROM_BIG_ENDIAN_64(
            XXHASH64(
              TO_UTF8(
                CAST(CONCAT(
                  CAST(COALESCE(CAST("t"."id" AS VARCHAR), '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(
                    CONCAT(
                      CAST(LENGTH(CAST("t"."shop" AS VARCHAR)) AS VARCHAR),
                      CAST(':' AS VARCHAR),
                      CAST("t"."shop" AS VARCHAR)
                    ),
                    '~'
                  ) AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(CAST(CAST("t"."amount" AS DECIMAL(14, 4)) AS VARCHAR), '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(CAST("t"."ratio" AS VARCHAR), '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(
                    CONCAT(
                      CAST(LENGTH(CAST("t"."name" AS VARCHAR)) AS VARCHAR),
                      CAST(':' AS VARCHAR),
                      CAST("t"."name" AS VARCHAR)
                    ),
                    '~'
                  ) AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(CAST("t"."born" AS VARCHAR), '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(CAST("t"."placed_at" AS VARCHAR), '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(
                    CONCAT(
                      CAST(LENGTH(CAST(JSON_FORMAT(CAST("t"."doc" AS JSON)) AS VARCHAR)) AS VARCHAR),
                      CAST(':' AS VARCHAR),
                      CAST(JSON_FORMAT(CAST("t"."doc" AS JSON)) AS VARCHAR)
                    ),
                    '~'
                  ) AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(
                    CONCAT(
                      CAST(LENGTH(CAST(TO_BASE64("t"."raw") AS VARCHAR)) AS VARCHAR),
                      CAST(':' AS VARCHAR),
                      CAST(TO_BASE64("t"."raw") AS VARCHAR)
                    ),
                    '~'
                  ) AS VARCHAR),
                  CAST('|' AS VARCHAR)
                ) AS VARCHAR)
              )
            )
          )
        END % 3
      ) = 0
      AND NOT "t"."id" IS NULL
      AND NOT "t"."shop" IS NULL
      AND CASE
        WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
        THEN FROM_BIG_ENDIAN_64(
          XXHASH64(
            TO_UTF8(
              CAST(CONCAT(
                CAST(COALESCE(CAST("t"."id" AS VARCHAR), '~') AS VARCHAR),
                CAST('|' AS VARCHAR),
                CAST(COALESCE(
                  CONCAT(
                    CAST(LENGTH(CAST("t"."shop" AS VARCHAR)) AS VARCHAR),
                    CAST(':' AS VARCHAR),
                    CAST("t"."shop" AS VARCHAR)
                  ),
                  '~'
                ) AS VARCHAR),
                CAST('|' AS VARCHAR)
              ) AS VARCHAR)
            )
          )
        ) % 1024
      END IN (1, 5, 900)
  ) AS b
  FULL JOIN (
    SELECT
      "t"."id" AS k0,
      "t"."shop" AS k1,
      CAST("t"."amount" AS DECIMAL(14, 4)) AS v0,
      FROM_BIG_ENDIAN_64(
        XXHASH64(
          TO_UTF8(
            CAST(CONCAT(
              CAST(COALESCE(
                CONCAT(
                  CAST(LENGTH(CAST("t"."name" AS VARCHAR)) AS VARCHAR),
                  CAST(':' AS VARCHAR),
                  CAST("t"."name" AS VARCHAR)
                ),
                '~'
              ) AS VARCHAR),
              CAST('|' AS VARCHAR),
              CAST(COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') AS VARCHAR),
              CAST('|' AS VARCHAR),
              CAST(COALESCE(CAST("t"."born" AS VARCHAR), '~') AS VARCHAR),
              CAST('|' AS VARCHAR),
              CAST(COALESCE(CAST("t"."placed_at" AS VARCHAR), '~') AS VARCHAR),
              CAST('|' AS VARCHAR)
            ) AS VARCHAR)
          )
        )
      ) AS r
    FROM "acme"."head"."Orders" AS "t"
    WHERE
      (
        CASE
          WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
          THEN FROM_BIG_ENDIAN_64(
            XXHASH64(
              TO_UTF8(
                CAST(CONCAT(
                  CAST(COALESCE(CAST("t"."id" AS VARCHAR), '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(
                    CONCAT(
                      CAST(LENGTH(CAST("t"."shop" AS VARCHAR)) AS VARCHAR),
                      CAST(':' AS VARCHAR),
                      CAST("t"."shop" AS VARCHAR)
                    ),
                    '~'
                  ) AS VARCHAR),
                  CAST('|' AS VARCHAR)
                ) AS VARCHAR)
              )
            )
          )
          ELSE FROM_BIG_ENDIAN_64(
            XXHASH64(
              TO_UTF8(
                CAST(CONCAT(
                  CAST(COALESCE(CAST("t"."id" AS VARCHAR), '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(
                    CONCAT(
                      CAST(LENGTH(CAST("t"."shop" AS VARCHAR)) AS VARCHAR),
                      CAST(':' AS VARCHAR),
                      CAST("t"."shop" AS VARCHAR)
                    ),
                    '~'
                  ) AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(CAST(CAST("t"."amount" AS DECIMAL(14, 4)) AS VARCHAR), '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(CAST("t"."ratio" AS VARCHAR), '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(
                    CONCAT(
                      CAST(LENGTH(CAST("t"."name" AS VARCHAR)) AS VARCHAR),
                      CAST(':' AS VARCHAR),
                      CAST("t"."name" AS VARCHAR)
                    ),
                    '~'
                  ) AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(CAST("t"."born" AS VARCHAR), '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(CAST("t"."placed_at" AS VARCHAR), '~') AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(
                    CONCAT(
                      CAST(LENGTH(CAST(JSON_FORMAT(CAST("t"."doc" AS JSON)) AS VARCHAR)) AS VARCHAR),
                      CAST(':' AS VARCHAR),
                      CAST(JSON_FORMAT(CAST("t"."doc" AS JSON)) AS VARCHAR)
                    ),
                    '~'
                  ) AS VARCHAR),
                  CAST('|' AS VARCHAR),
                  CAST(COALESCE(
                    CONCAT(
                      CAST(LENGTH(CAST(TO_BASE64("t"."raw") AS VARCHAR)) AS VARCHAR),
                      CAST(':' AS VARCHAR),
                      CAST(TO_BASE64("t"."raw") AS VARCHAR)
                    ),
                    '~'
                  ) AS VARCHAR),
                  CAST('|' AS VARCHAR)
                ) AS VARCHAR)
              )
            )
          )
        END % 3
      ) = 0
      AND NOT "t"."id" IS NULL
      AND NOT "t"."shop" IS NULL
      AND CASE
        WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
        THEN FROM_BIG_ENDIAN_64(
          XXHASH64(
            TO_UTF8(
              CAST(CONCAT(
                CAST(COALESCE(CAST("t"."id" AS VARCHAR), '~') AS VARCHAR),
                CAST('|' AS VARCHAR),
                CAST(COALESCE(
                  CONCAT(
                    CAST(LENGTH(CAST("t"."shop" AS VARCHAR)) AS VARCHAR),
                    CAST(':' AS VARCHAR),
                    CAST("t"."shop" AS VARCHAR)
                  ),
                  '~'
                ) AS VARCHAR),
                CAST('|' AS VARCHAR)
              ) AS VARCHAR)
            )
          )
        ) % 1024
      END IN (1, 5, 900)
  ) AS h
    ON b.k0 = h.k0 AND b.k1 = h.k1
) AS j
