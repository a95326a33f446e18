SELECT
  COUNT(*),
  COUNT_IF(is_added),
  COUNT_IF(is_removed),
  COUNT_IF((
    d0
  ) OR (
    s
  )),
  COUNT_IF(s),
  COUNT(
    DISTINCT CASE
      WHEN is_added
      THEN HASH(
        CAST(COALESCE(CAST(hk0 AS VARCHAR), '~') || '|' || COALESCE(CAST(LENGTH(CAST(hk1 AS VARCHAR)) AS VARCHAR) || ':' || CAST(hk1 AS VARCHAR), '~') || '|' AS VARCHAR)
      )
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN is_removed
      THEN HASH(
        CAST(COALESCE(CAST(bk0 AS VARCHAR), '~') || '|' || COALESCE(CAST(LENGTH(CAST(bk1 AS VARCHAR)) AS VARCHAR) || ':' || CAST(bk1 AS VARCHAR), '~') || '|' AS VARCHAR)
      )
    END
  ),
  MIN(CASE WHEN is_added THEN CAST(hk0 AS VARCHAR) || ', ' || '•••' END),
  MAX(CASE WHEN is_added THEN CAST(hk0 AS VARCHAR) || ', ' || '•••' END),
  MIN(CASE WHEN is_removed THEN CAST(bk0 AS VARCHAR) || ', ' || '•••' END),
  MAX(CASE WHEN is_removed THEN CAST(bk0 AS VARCHAR) || ', ' || '•••' END),
  MIN(CASE WHEN (
    d0
  ) OR (
    s
  ) THEN CAST(bk0 AS VARCHAR) || ', ' || '•••' END),
  MAX(CASE WHEN (
    d0
  ) OR (
    s
  ) THEN CAST(bk0 AS VARCHAR) || ', ' || '•••' END),
  COUNT_IF(d0),
  COUNT_IF(d0 AND b0 IS NULL),
  COUNT_IF(d0 AND h0 IS NULL),
  MIN(CASE WHEN d0 THEN CAST(bk0 AS VARCHAR) || ', ' || '•••' END),
  MAX(CASE WHEN d0 THEN CAST(bk0 AS VARCHAR) || ', ' || '•••' END),
  COUNT_IF(d0 AND h0 > b0),
  COUNT_IF(d0 AND h0 < b0),
  AVG(
    CAST(CASE
      WHEN d0 AND ABS(CAST(b0 AS DOUBLE)) < 1e150 AND ABS(CAST(h0 AS DOUBLE)) < 1e150
      THEN CAST(h0 AS DOUBLE) - CAST(b0 AS DOUBLE)
    END AS DOUBLE)
  ),
  MAX(
    CASE
      WHEN d0 AND ABS(CAST(b0 AS DOUBLE)) < 1e150 AND ABS(CAST(h0 AS DOUBLE)) < 1e150
      THEN ABS(CAST(h0 AS DOUBLE) - CAST(b0 AS DOUBLE))
    END
  )
FROM (
  SELECT
    b.k0 IS NULL AS is_added,
    h.k0 IS NULL AS is_removed,
    b.k0 AS bk0,
    h.k0 AS hk0,
    b.k1 AS bk1,
    h.k1 AS hk1,
    b.v0 AS b0,
    h.v0 AS h0,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v0 IS DISTINCT FROM h.v0 AS d0,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.r <> h.r AS s
  FROM (
    SELECT
      "t"."id" AS k0,
      "t"."shop" AS k1,
      CAST("t"."amount" AS DECIMAL(14, 4)) AS v0,
      HASH(
        CAST(COALESCE(
          CAST(LENGTH(CAST("t"."name" AS VARCHAR)) AS VARCHAR) || ':' || CAST("t"."name" AS VARCHAR),
          '~'
        ) || '|' || COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') || '|' || COALESCE(CAST("t"."born" AS VARCHAR), '~') || '|' || COALESCE(TO_CHAR("t"."placed_at", 'YYYY-MM-DD HH24:MI:SS.FF9 TZHTZM'), '~') || '|' AS VARCHAR)
      ) AS r
    FROM "acme"."base"."Orders" AS "t"
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
      AND CASE
        WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
        THEN HASH(
          CAST(COALESCE(CAST("t"."id" AS VARCHAR), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST("t"."shop" AS VARCHAR)) AS VARCHAR) || ':' || CAST("t"."shop" AS VARCHAR),
            '~'
          ) || '|' AS VARCHAR)
        ) % 1024
      END IN (1, 5, 900)
  ) AS b
  FULL JOIN (
    SELECT
      "t"."id" AS k0,
      "t"."shop" AS k1,
      CAST("t"."amount" AS DECIMAL(14, 4)) AS v0,
      HASH(
        CAST(COALESCE(
          CAST(LENGTH(CAST("t"."name" AS VARCHAR)) AS VARCHAR) || ':' || CAST("t"."name" AS VARCHAR),
          '~'
        ) || '|' || COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') || '|' || COALESCE(CAST("t"."born" AS VARCHAR), '~') || '|' || COALESCE(TO_CHAR("t"."placed_at", 'YYYY-MM-DD HH24:MI:SS.FF9 TZHTZM'), '~') || '|' AS VARCHAR)
      ) AS r
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
      AND CASE
        WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
        THEN HASH(
          CAST(COALESCE(CAST("t"."id" AS VARCHAR), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST("t"."shop" AS VARCHAR)) AS VARCHAR) || ':' || CAST("t"."shop" AS VARCHAR),
            '~'
          ) || '|' AS VARCHAR)
        ) % 1024
      END IN (1, 5, 900)
  ) AS h
    ON b.k0 = h.k0 AND b.k1 = h.k1
) AS j
