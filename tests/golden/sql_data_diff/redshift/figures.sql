SELECT
  COUNT(*),
  COUNT("t"."id"),
  APPROXIMATE COUNT(DISTINCT "t"."id"),
  CAST(MIN("t"."id") AS VARCHAR(MAX)),
  CAST(MAX("t"."id") AS VARCHAR(MAX)),
  SUM(CAST("t"."id" AS DOUBLE PRECISION)),
  COUNT("t"."shop"),
  APPROXIMATE COUNT(DISTINCT "t"."shop"),
  COUNT("t"."amount"),
  APPROXIMATE COUNT(DISTINCT "t"."amount"),
  CAST(MIN("t"."amount") AS VARCHAR(MAX)),
  CAST(MAX("t"."amount") AS VARCHAR(MAX)),
  SUM(CAST("t"."amount" AS DOUBLE PRECISION)),
  COUNT("t"."ratio"),
  APPROXIMATE COUNT(DISTINCT "t"."ratio"),
  CAST(MIN("t"."ratio") AS VARCHAR(MAX)),
  CAST(MAX("t"."ratio") AS VARCHAR(MAX)),
  SUM(
    CASE
      WHEN ABS(CAST("t"."ratio" AS DOUBLE PRECISION)) < 1e150
      THEN CAST("t"."ratio" AS DOUBLE PRECISION)
    END
  ),
  COUNT("t"."name"),
  APPROXIMATE COUNT(DISTINCT "t"."name"),
  COUNT("t"."is_open"),
  APPROXIMATE COUNT(DISTINCT "t"."is_open"),
  COUNT("t"."born"),
  APPROXIMATE COUNT(DISTINCT "t"."born"),
  CAST(MIN("t"."born") AS VARCHAR(MAX)),
  CAST(MAX("t"."born") AS VARCHAR(MAX)),
  COUNT("t"."placed_at"),
  APPROXIMATE COUNT(DISTINCT "t"."placed_at"),
  CAST(MIN("t"."placed_at") AS VARCHAR(MAX)),
  CAST(MAX("t"."placed_at") AS VARCHAR(MAX)),
  COUNT("t"."doc"),
  COUNT("t"."raw")
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
