SELECT
  q,
  COUNT(*),
  SUM(r)
FROM (
  SELECT
    CAST(CASE
      WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
      THEN HASH("t"."id", "t"."shop") % 1024
    END AS USMALLINT) AS q,
    HASH(
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
    ) AS r
  FROM "base"."Orders" AS "t"
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
) AS side
GROUP BY
  q
