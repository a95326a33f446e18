SELECT
  COUNT(*),
  COUNT("t"."id"),
  APPROX_COUNT_DISTINCT("t"."id"),
  CAST(MIN("t"."id") AS TEXT),
  CAST(MAX("t"."id") AS TEXT),
  SUM(CAST("t"."id" AS DOUBLE)),
  COUNT("t"."shop"),
  APPROX_COUNT_DISTINCT("t"."shop"),
  COUNT("t"."amount"),
  APPROX_COUNT_DISTINCT("t"."amount"),
  CAST(MIN("t"."amount") AS TEXT),
  CAST(MAX("t"."amount") AS TEXT),
  SUM(CAST("t"."amount" AS DOUBLE)),
  COUNT("t"."ratio"),
  APPROX_COUNT_DISTINCT("t"."ratio"),
  CAST(MIN("t"."ratio") AS TEXT),
  CAST(MAX("t"."ratio") AS TEXT),
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
  CAST(MIN("t"."born") AS TEXT),
  CAST(MAX("t"."born") AS TEXT),
  COUNT("t"."placed_at"),
  APPROX_COUNT_DISTINCT("t"."placed_at"),
  CAST(MIN("t"."placed_at") AS TEXT),
  CAST(MAX("t"."placed_at") AS TEXT),
  COUNT("t"."doc"),
  COUNT("t"."raw")
FROM "head"."Orders" AS "t"
WHERE
  (
    CASE
      WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
      THEN HASH("t"."id", "t"."shop")
      ELSE HASH(
        "t"."id",
        "t"."shop",
        CAST("t"."amount" AS DECIMAL(14, 4)),
        "t"."ratio",
        "t"."name",
        "t"."is_open",
        "t"."born",
        "t"."placed_at",
        "t"."doc",
        "t"."raw"
      )
    END % 3
  ) = 0
