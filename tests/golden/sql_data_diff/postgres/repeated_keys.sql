SELECT
  COUNT(*),
  SUM(n)
FROM (
  SELECT
    COUNT(*) AS n
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
    AND NOT "t"."id" IS NULL
    AND NOT "t"."shop" IS NULL
  GROUP BY
    "t"."id",
    "t"."shop"
  HAVING
    COUNT(*) > 1
) AS side
