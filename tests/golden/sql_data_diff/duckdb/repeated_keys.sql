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
    AND NOT "t"."id" IS NULL
    AND NOT "t"."shop" IS NULL
  GROUP BY
    "t"."id",
    "t"."shop"
  HAVING
    COUNT(*) > 1
) AS side
