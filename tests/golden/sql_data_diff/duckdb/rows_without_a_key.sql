SELECT
  SUM(CASE WHEN n < 0 THEN -n END),
  SUM(CASE WHEN n > 0 THEN n END)
FROM (
  SELECT
    SUM(n) AS n
  FROM (
    SELECT
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
      ) AS r,
      -1 AS n
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
      AND NOT (
        NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
      )
    UNION ALL
    SELECT
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
      ) AS r,
      1 AS n
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
      AND NOT (
        NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
      )
  ) AS sides
  GROUP BY
    r
  HAVING
    SUM(n) <> 0
) AS differing
