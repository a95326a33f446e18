SELECT DISTINCT
  HASHTEXTEXTENDED(
    CAST(COALESCE(CAST(bk0 AS TEXT), '~') || '|' || COALESCE(CAST(LENGTH(CAST(bk1 AS TEXT)) AS TEXT) || ':' || CAST(bk1 AS TEXT), '~') || '|' AS TEXT),
    0
  ) % 1024
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
      HASHTEXTEXTENDED(
        CAST(COALESCE(
          CAST(LENGTH(CAST("t"."name" AS TEXT)) AS TEXT) || ':' || CAST("t"."name" AS TEXT),
          '~'
        ) || '|' || COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') || '|' || COALESCE(CAST("t"."born" AS TEXT), '~') || '|' || COALESCE(CAST("t"."placed_at" AS TEXT), '~') || '|' AS TEXT),
        0
      ) AS r
    FROM "base"."Orders" AS "t"
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
      AND CASE
        WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
        THEN HASHTEXTEXTENDED(
          CAST(COALESCE(CAST("t"."id" AS TEXT), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST("t"."shop" AS TEXT)) AS TEXT) || ':' || CAST("t"."shop" AS TEXT),
            '~'
          ) || '|' AS TEXT),
          0
        ) % 1024
      END IN (1, 5, 900)
  ) AS b
  FULL JOIN (
    SELECT
      "t"."id" AS k0,
      "t"."shop" AS k1,
      HASHTEXTEXTENDED(
        CAST(COALESCE(
          CAST(LENGTH(CAST("t"."name" AS TEXT)) AS TEXT) || ':' || CAST("t"."name" AS TEXT),
          '~'
        ) || '|' || COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') || '|' || COALESCE(CAST("t"."born" AS TEXT), '~') || '|' || COALESCE(CAST("t"."placed_at" AS TEXT), '~') || '|' AS TEXT),
        0
      ) AS r
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
      AND CASE
        WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
        THEN HASHTEXTEXTENDED(
          CAST(COALESCE(CAST("t"."id" AS TEXT), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST("t"."shop" AS TEXT)) AS TEXT) || ':' || CAST("t"."shop" AS TEXT),
            '~'
          ) || '|' AS TEXT),
          0
        ) % 1024
      END IN (1, 5, 900)
  ) AS h
    ON b.k0 = h.k0 AND b.k1 = h.k1
) AS j
WHERE
  s
LIMIT 100
