SELECT
  COUNT(*),
  COUNT("t"."id"),
  APPROX_COUNT_DISTINCT("t"."id"),
  CAST(MIN("t"."id") AS VARCHAR),
  CAST(MAX("t"."id") AS VARCHAR),
  SUM(CAST("t"."id" AS DOUBLE)),
  COUNT("t"."shop"),
  APPROX_COUNT_DISTINCT("t"."shop"),
  COUNT("t"."amount"),
  APPROX_COUNT_DISTINCT("t"."amount"),
  CAST(MIN("t"."amount") AS VARCHAR),
  CAST(MAX("t"."amount") AS VARCHAR),
  SUM(CAST("t"."amount" AS DOUBLE)),
  COUNT("t"."ratio"),
  APPROX_COUNT_DISTINCT("t"."ratio"),
  CAST(MIN("t"."ratio") AS VARCHAR),
  CAST(MAX("t"."ratio") AS VARCHAR),
  SUM(
    CASE
      WHEN ABS(CAST("t"."ratio" AS DOUBLE)) < 1e150
      THEN CAST("t"."ratio" AS DOUBLE)
    END
  ),
  COUNT("t"."name"),
  APPROX_COUNT_DISTINCT("t"."name"),
  COUNT("t"."is_open"),
  APPROX_COUNT_DISTINCT("t"."is_open"),
  COUNT("t"."born"),
  APPROX_COUNT_DISTINCT("t"."born"),
  CAST(MIN("t"."born") AS VARCHAR),
  CAST(MAX("t"."born") AS VARCHAR),
  COUNT("t"."placed_at"),
  APPROX_COUNT_DISTINCT("t"."placed_at"),
  CAST(MIN("t"."placed_at") AS VARCHAR),
  CAST(MAX("t"."placed_at") AS VARCHAR),
  COUNT("t"."doc"),
  COUNT("t"."raw")
FROM "acme"."head"."Orders" AS "t"
WHERE
  (
    CASE
      WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
      THEN HASH(
        CAST(COALESCE(CAST("t"."id" AS VARCHAR), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST("t"."shop" AS VARCHAR)) AS VARCHAR) || ':' || CAST("t"."shop" AS VARCHAR),
          '~'
        ) || '|' AS VARCHAR)
      )
      ELSE HASH(
        CAST(COALESCE(CAST("t"."id" AS VARCHAR), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST("t"."shop" AS VARCHAR)) AS VARCHAR) || ':' || CAST("t"."shop" AS VARCHAR),
          '~'
        ) || '|' || COALESCE(CAST(CAST("t"."amount" AS DECIMAL(14, 4)) AS VARCHAR), '~') || '|' || COALESCE(CAST("t"."ratio" AS VARCHAR), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST("t"."name" AS VARCHAR)) AS VARCHAR) || ':' || CAST("t"."name" AS VARCHAR),
          '~'
        ) || '|' || COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') || '|' || COALESCE(CAST("t"."born" AS VARCHAR), '~') || '|' || COALESCE(TO_CHAR("t"."placed_at", 'YYYY-MM-DD HH24:MI:SS.FF9 TZHTZM'), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST(CAST("t"."doc" AS VARCHAR) AS VARCHAR)) AS VARCHAR) || ':' || CAST(CAST("t"."doc" AS VARCHAR) AS VARCHAR),
          '~'
        ) || '|' || COALESCE(
          CAST(LENGTH(CAST(BASE64_ENCODE("t"."raw") AS VARCHAR)) AS VARCHAR) || ':' || CAST(BASE64_ENCODE("t"."raw") AS VARCHAR),
          '~'
        ) || '|' AS VARCHAR)
      )
    END % 3
  ) = 0
