SELECT
  COUNT(*),
  SUM(CASE WHEN is_added THEN 1 ELSE 0 END),
  SUM(CASE WHEN is_removed THEN 1 ELSE 0 END),
  SUM(CASE WHEN (
    d0
  ) OR (
    s
  ) THEN 1 ELSE 0 END),
  SUM(CASE WHEN s THEN 1 ELSE 0 END),
  COUNT(
    DISTINCT CASE
      WHEN is_added
      THEN FARMFINGERPRINT64(
        CAST(COALESCE(CAST(hk0 AS VARCHAR(MAX)), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST(hk1 AS VARCHAR(MAX))) AS VARCHAR(MAX)) || ':' || CAST(hk1 AS VARCHAR(MAX)),
          '~'
        ) || '|' AS VARCHAR(MAX))
      )
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN is_removed
      THEN FARMFINGERPRINT64(
        CAST(COALESCE(CAST(bk0 AS VARCHAR(MAX)), '~') || '|' || COALESCE(
          CAST(LENGTH(CAST(bk1 AS VARCHAR(MAX))) AS VARCHAR(MAX)) || ':' || CAST(bk1 AS VARCHAR(MAX)),
          '~'
        ) || '|' AS VARCHAR(MAX))
      )
    END
  ),
  MIN(CASE WHEN is_added THEN CAST(hk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MAX(CASE WHEN is_added THEN CAST(hk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MIN(CASE WHEN is_removed THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MAX(CASE WHEN is_removed THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MIN(
    CASE WHEN (
      d0
    ) OR (
      s
    ) THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END
  ),
  MAX(
    CASE WHEN (
      d0
    ) OR (
      s
    ) THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END
  ),
  SUM(CASE WHEN d0 THEN 1 ELSE 0 END),
  SUM(CASE WHEN d0 AND b0 IS NULL THEN 1 ELSE 0 END),
  SUM(CASE WHEN d0 AND h0 IS NULL THEN 1 ELSE 0 END),
  MIN(CASE WHEN d0 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MAX(CASE WHEN d0 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  SUM(CASE WHEN d0 AND h0 > b0 THEN 1 ELSE 0 END),
  SUM(CASE WHEN d0 AND h0 < b0 THEN 1 ELSE 0 END),
  AVG(
    CAST(CASE
      WHEN d0
      AND ABS(CAST(b0 AS DOUBLE PRECISION)) < 1e150
      AND ABS(CAST(h0 AS DOUBLE PRECISION)) < 1e150
      THEN CAST(h0 AS DOUBLE PRECISION) - CAST(b0 AS DOUBLE PRECISION)
    END AS DOUBLE PRECISION)
  ),
  MAX(
    CASE
      WHEN d0
      AND ABS(CAST(b0 AS DOUBLE PRECISION)) < 1e150
      AND ABS(CAST(h0 AS DOUBLE PRECISION)) < 1e150
      THEN ABS(CAST(h0 AS DOUBLE PRECISION) - CAST(b0 AS DOUBLE PRECISION))
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
    NOT b.k0 IS NULL
    AND NOT h.k0 IS NULL
    AND (
      (
        b.v0 IS NULL
      ) <> (
        h.v0 IS NULL
      ) OR COALESCE(b.v0 <> h.v0, FALSE)
    ) AS d0,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.r <> h.r AS s
  FROM (
    SELECT
      "t"."id" AS k0,
      "t"."shop" AS k1,
      CAST("t"."amount" AS DECIMAL(14, 4)) AS v0,
      FARMFINGERPRINT64(
        CAST(COALESCE(
          CAST(LENGTH(CAST("t"."name" AS VARCHAR(MAX))) AS VARCHAR(MAX)) || ':' || CAST("t"."name" AS VARCHAR(MAX)),
          '~'
        ) || '|' || COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') || '|' || COALESCE(CAST("t"."born" AS VARCHAR(MAX)), '~') || '|' || COALESCE(CAST("t"."placed_at" AS VARCHAR(MAX)), '~') || '|' AS VARCHAR(MAX))
      ) AS r
    FROM "acme"."base"."Orders" AS "t"
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
      AND CASE
        WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
        THEN FARMFINGERPRINT64(
          CAST(COALESCE(CAST("t"."id" AS VARCHAR(MAX)), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST("t"."shop" AS VARCHAR(MAX))) AS VARCHAR(MAX)) || ':' || CAST("t"."shop" AS VARCHAR(MAX)),
            '~'
          ) || '|' AS VARCHAR(MAX))
        ) % 1024
      END IN (1, 5, 900)
  ) AS b
  FULL JOIN (
    SELECT
      "t"."id" AS k0,
      "t"."shop" AS k1,
      CAST("t"."amount" AS DECIMAL(14, 4)) AS v0,
      FARMFINGERPRINT64(
        CAST(COALESCE(
          CAST(LENGTH(CAST("t"."name" AS VARCHAR(MAX))) AS VARCHAR(MAX)) || ':' || CAST("t"."name" AS VARCHAR(MAX)),
          '~'
        ) || '|' || COALESCE(CASE WHEN "t"."is_open" THEN 'true' WHEN NOT "t"."is_open" THEN 'false' END, '~') || '|' || COALESCE(CAST("t"."born" AS VARCHAR(MAX)), '~') || '|' || COALESCE(CAST("t"."placed_at" AS VARCHAR(MAX)), '~') || '|' AS VARCHAR(MAX))
      ) AS r
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
      AND CASE
        WHEN NOT "t"."id" IS NULL AND NOT "t"."shop" IS NULL
        THEN FARMFINGERPRINT64(
          CAST(COALESCE(CAST("t"."id" AS VARCHAR(MAX)), '~') || '|' || COALESCE(
            CAST(LENGTH(CAST("t"."shop" AS VARCHAR(MAX))) AS VARCHAR(MAX)) || ':' || CAST("t"."shop" AS VARCHAR(MAX)),
            '~'
          ) || '|' AS VARCHAR(MAX))
        ) % 1024
      END IN (1, 5, 900)
  ) AS h
    ON b.k0 = h.k0 AND b.k1 = h.k1
) AS j
