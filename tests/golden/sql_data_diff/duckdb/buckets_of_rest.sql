SELECT DISTINCT
  HASH(bk0, bk1) % 1024
FROM (
  SELECT
    b.k0 IS NULL AS is_added,
    h.k0 IS NULL AS is_removed,
    b.k0 AS bk0,
    h.k0 AS hk0,
    b.k1 AS bk1,
    h.k1 AS hk1,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.r <> h.r AS s
  FROM (
    SELECT
      "t"."id" AS k0,
      "t"."shop" AS k1,
      HASH("t"."name", "t"."is_open", "t"."born", "t"."placed_at") AS r
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
      AND CASE
        WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
        THEN HASH("t"."id", "t"."shop") % 1024
      END IN (1, 5, 900)
  ) AS b
  FULL JOIN (
    SELECT
      "t"."id" AS k0,
      "t"."shop" AS k1,
      HASH("t"."name", "t"."is_open", "t"."born", "t"."placed_at") AS r
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
      AND CASE
        WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
        THEN HASH("t"."id", "t"."shop") % 1024
      END IN (1, 5, 900)
  ) AS h
    ON b.k0 = h.k0 AND b.k1 = h.k1
) AS j
WHERE
  s
LIMIT 100
