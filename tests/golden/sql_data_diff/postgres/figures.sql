SELECT
  COUNT(*),
  COUNT("t"."id"),
  COUNT(DISTINCT "t"."id"),
  CAST(MIN("t"."id") AS TEXT),
  CAST(MAX("t"."id") AS TEXT),
  SUM(CAST("t"."id" AS DOUBLE PRECISION)),
  COUNT("t"."shop"),
  COUNT(DISTINCT "t"."shop"),
  COUNT("t"."amount"),
  COUNT(DISTINCT "t"."amount"),
  CAST(MIN("t"."amount") AS TEXT),
  CAST(MAX("t"."amount") AS TEXT),
  SUM(CAST("t"."amount" AS DOUBLE PRECISION)),
  COUNT("t"."ratio"),
  COUNT(DISTINCT "t"."ratio"),
  CAST(MIN("t"."ratio") AS TEXT),
  CAST(MAX("t"."ratio") AS TEXT),
  SUM(
    CASE
      WHEN ABS(CAST("t"."ratio" AS DOUBLE PRECISION)) < 1e150
      THEN CAST("t"."ratio" AS DOUBLE PRECISION)
    END
  ),
  COUNT("t"."name"),
  COUNT(DISTINCT "t"."name"),
  COUNT("t"."is_open"),
  COUNT(DISTINCT "t"."is_open"),
  COUNT("t"."born"),
  COUNT(DISTINCT "t"."born"),
  CAST(MIN("t"."born") AS TEXT),
  CAST(MAX("t"."born") AS TEXT),
  COUNT("t"."placed_at"),
  COUNT(DISTINCT "t"."placed_at"),
  CAST(MIN("t"."placed_at") AS TEXT),
  CAST(MAX("t"."placed_at") AS TEXT),
  COUNT("t"."doc"),
  COUNT("t"."raw")
FROM "head"."Orders" AS "t"
WHERE
  (
    CASE
      WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
      THEN HASHTEXTEXTENDED(
        CAST(COALESCE(CAST("t"."id" AS TEXT), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST("t"."shop" AS TEXT)) AS TEXT) || ':' || CAST("t"."shop" AS TEXT),
          '~'
        ) || '|' AS TEXT),
        0
      )
      ELSE HASHTEXTEXTENDED(
        CAST(COALESCE(CAST("t"."id" AS TEXT), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST("t"."shop" AS TEXT)) AS TEXT) || ':' || CAST("t"."shop" AS TEXT),
          '~'
        ) || '|' || COALESCE(CAST("t"."amount" AS TEXT), '~') || '|' || COALESCE(CAST("t"."ratio" AS TEXT), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST("t"."name" AS TEXT)) AS TEXT) || ':' || CAST("t"."name" AS TEXT),
          '~'
        ) || '|' || COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') || '|' || COALESCE(CAST("t"."born" AS TEXT), '~') || '|' || COALESCE(CAST("t"."placed_at" AS TEXT), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST(CAST("t"."doc" AS TEXT) AS TEXT)) AS TEXT) || ':' || CAST(CAST("t"."doc" AS TEXT) AS TEXT),
          '~'
        ) || '|' || COALESCE(
          CAST(LENGTH(CAST(CAST("t"."raw" AS TEXT) AS TEXT)) AS TEXT) || ':' || CAST(CAST("t"."raw" AS TEXT) AS TEXT),
          '~'
        ) || '|' AS TEXT),
        0
      )
    END % 3
  ) = 0
