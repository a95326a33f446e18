SELECT
  COUNT(*),
  SUM(n)
FROM (
  SELECT
    COUNT(*) AS n
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
    AND NOT "t"."id" IS NULL
    AND NOT "t"."shop" IS NULL
  GROUP BY
    "t"."id",
    "t"."shop"
  HAVING
    COUNT(*) > 1
) AS side
