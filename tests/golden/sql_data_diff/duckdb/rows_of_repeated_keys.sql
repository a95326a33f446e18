SELECT
  COUNT(*)
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
  AND EXISTS(
    SELECT
      1
    FROM (
      SELECT
        "t"."id" AS k0,
        "t"."shop" AS k1
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
        AND NOT "t"."id" IS NULL
        AND NOT "t"."shop" IS NULL
      GROUP BY
        "t"."id",
        "t"."shop"
      HAVING
        COUNT(*) > 1
      UNION ALL
      SELECT
        "t"."id" AS k0,
        "t"."shop" AS k1
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
    ) AS repeated
    WHERE
      repeated.k0 = "t"."id" AND repeated.k1 = "t"."shop"
  )
