SELECT
  SUM(CASE WHEN n < 0 THEN -n END),
  SUM(CASE WHEN n > 0 THEN n END)
FROM (
  SELECT
    SUM(n) AS n
  FROM (
    SELECT
      FROM_BIG_ENDIAN_64(
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
      ) AS r,
      -1 AS n
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
      AND NOT (
        NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
      )
    UNION ALL
    SELECT
      FROM_BIG_ENDIAN_64(
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
      ) AS r,
      1 AS n
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
      AND NOT (
        NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
      )
  ) AS sides
  GROUP BY
    r
  HAVING
    SUM(n) <> 0
) AS differing
