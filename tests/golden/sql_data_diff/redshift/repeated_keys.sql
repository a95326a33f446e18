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
        THEN FARMFINGERPRINT64(
          CAST(COALESCE(CAST("t"."id" AS VARCHAR(MAX)), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST("t"."shop" AS VARCHAR(MAX))) AS VARCHAR(MAX)) || ':' || CAST("t"."shop" AS VARCHAR(MAX)),
            '~'
          ) || '|' AS VARCHAR(MAX))
        )
        ELSE FARMFINGERPRINT64(
          CAST(COALESCE(CAST("t"."id" AS VARCHAR(MAX)), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST("t"."shop" AS VARCHAR(MAX))) AS VARCHAR(MAX)) || ':' || CAST("t"."shop" AS VARCHAR(MAX)),
            '~'
          ) || '|' || COALESCE(CAST(CAST("t"."amount" AS DECIMAL(14, 4)) AS VARCHAR(MAX)), '~') || '|' || COALESCE(CAST("t"."ratio" AS VARCHAR(MAX)), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST("t"."name" AS VARCHAR(MAX))) AS VARCHAR(MAX)) || ':' || CAST("t"."name" AS VARCHAR(MAX)),
            '~'
          ) || '|' || COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') || '|' || COALESCE(CAST("t"."born" AS VARCHAR(MAX)), '~') || '|' || COALESCE(CAST("t"."placed_at" AS VARCHAR(MAX)), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST(JSON_SERIALIZE("t"."doc") AS VARCHAR(MAX))) AS VARCHAR(MAX)) || ':' || CAST(JSON_SERIALIZE("t"."doc") AS VARCHAR(MAX)),
            '~'
          ) || '|' || COALESCE(
            CAST(LENGTH(CAST(FROM_VARBYTE("t"."raw", 'hex') AS VARCHAR(MAX))) AS VARCHAR(MAX)) || ':' || CAST(FROM_VARBYTE("t"."raw", 'hex') AS VARCHAR(MAX)),
            '~'
          ) || '|' AS VARCHAR(MAX))
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
