SELECT
  COUNT(*),
  COUNT("t"."id"),
  APPROX_DISTINCT("t"."id"),
  CAST(MIN("t"."id") AS VARCHAR),
  CAST(MAX("t"."id") AS VARCHAR),
  SUM(CAST("t"."id" AS DOUBLE)),
  COUNT("t"."shop"),
  APPROX_DISTINCT("t"."shop"),
  COUNT("t"."amount"),
  APPROX_DISTINCT("t"."amount"),
  CAST(MIN("t"."amount") AS VARCHAR),
  CAST(MAX("t"."amount") AS VARCHAR),
  SUM(CAST("t"."amount" AS DOUBLE)),
  COUNT("t"."ratio"),
  APPROX_DISTINCT("t"."ratio"),
  CAST(MIN("t"."ratio") AS VARCHAR),
  CAST(MAX("t"."ratio") AS VARCHAR),
  SUM(
    CASE
      WHEN ABS(CAST("t"."ratio" AS DOUBLE)) < 1e150
      THEN CAST("t"."ratio" AS DOUBLE)
    END
  ),
  COUNT("t"."name"),
  APPROX_DISTINCT("t"."name"),
  COUNT("t"."is_open"),
  APPROX_DISTINCT("t"."is_open"),
  COUNT("t"."born"),
  APPROX_DISTINCT("t"."born"),
  CAST(MIN("t"."born") AS VARCHAR),
  CAST(MAX("t"."born") AS VARCHAR),
  COUNT("t"."placed_at"),
  APPROX_DISTINCT("t"."placed_at"),
  CAST(MIN("t"."placed_at") AS VARCHAR),
  CAST(MAX("t"."placed_at") AS VARCHAR),
  COUNT("t"."doc"),
  COUNT("t"."raw")
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
