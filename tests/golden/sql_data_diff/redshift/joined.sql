SELECT
  COUNT(*),
  SUM(CASE WHEN is_added THEN 1 ELSE 0 END),
  SUM(CASE WHEN is_removed THEN 1 ELSE 0 END),
  SUM(
    CASE
      WHEN (
        (
          (
            d0
          ) OR (
            d1
          )
        ) OR (
          (
            d2
          ) OR (
            d3
          )
        )
      )
      OR (
        (
          (
            d4
          ) OR (
            d5
          )
        ) OR (
          (
            d6
          ) OR (
            d7
          )
        )
      )
      THEN 1
      ELSE 0
    END
  ),
  0,
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
    CASE
      WHEN (
        (
          (
            d0
          ) OR (
            d1
          )
        ) OR (
          (
            d2
          ) OR (
            d3
          )
        )
      )
      OR (
        (
          (
            d4
          ) OR (
            d5
          )
        ) OR (
          (
            d6
          ) OR (
            d7
          )
        )
      )
      THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••'
    END
  ),
  MAX(
    CASE
      WHEN (
        (
          (
            d0
          ) OR (
            d1
          )
        ) OR (
          (
            d2
          ) OR (
            d3
          )
        )
      )
      OR (
        (
          (
            d4
          ) OR (
            d5
          )
        ) OR (
          (
            d6
          ) OR (
            d7
          )
        )
      )
      THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••'
    END
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
  ),
  SUM(CASE WHEN d1 THEN 1 ELSE 0 END),
  SUM(CASE WHEN d1 AND b1 IS NULL THEN 1 ELSE 0 END),
  SUM(CASE WHEN d1 AND h1 IS NULL THEN 1 ELSE 0 END),
  MIN(CASE WHEN d1 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MAX(CASE WHEN d1 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  SUM(
    CASE
      WHEN d1
      AND ABS(CAST(b1 AS DOUBLE PRECISION)) < 1e150
      AND ABS(CAST(h1 AS DOUBLE PRECISION)) < 1e150
      AND h1 > b1
      THEN 1
      ELSE 0
    END
  ),
  SUM(
    CASE
      WHEN d1
      AND ABS(CAST(b1 AS DOUBLE PRECISION)) < 1e150
      AND ABS(CAST(h1 AS DOUBLE PRECISION)) < 1e150
      AND h1 < b1
      THEN 1
      ELSE 0
    END
  ),
  AVG(
    CAST(CASE
      WHEN d1
      AND ABS(CAST(b1 AS DOUBLE PRECISION)) < 1e150
      AND ABS(CAST(h1 AS DOUBLE PRECISION)) < 1e150
      THEN CAST(h1 AS DOUBLE PRECISION) - CAST(b1 AS DOUBLE PRECISION)
    END AS DOUBLE PRECISION)
  ),
  MAX(
    CASE
      WHEN d1
      AND ABS(CAST(b1 AS DOUBLE PRECISION)) < 1e150
      AND ABS(CAST(h1 AS DOUBLE PRECISION)) < 1e150
      THEN ABS(CAST(h1 AS DOUBLE PRECISION) - CAST(b1 AS DOUBLE PRECISION))
    END
  ),
  SUM(
    CASE
      WHEN NOT b1 IS NULL
      AND NOT h1 IS NULL
      AND (
        (
          b1 IS NULL
        ) <> (
          h1 IS NULL
        ) OR COALESCE(b1 <> h1, FALSE)
      )
      AND NOT d1
      THEN 1
      ELSE 0
    END
  ),
  SUM(CASE WHEN d2 THEN 1 ELSE 0 END),
  SUM(CASE WHEN d2 AND b2 IS NULL THEN 1 ELSE 0 END),
  SUM(CASE WHEN d2 AND h2 IS NULL THEN 1 ELSE 0 END),
  MIN(CASE WHEN d2 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MAX(CASE WHEN d2 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  SUM(
    CASE
      WHEN CASE
        WHEN d2
        THEN LOWER(REGEXP_REPLACE(b2, '\\s+', '')) = LOWER(REGEXP_REPLACE(h2, '\\s+', ''))
      END
      THEN 1
      ELSE 0
    END
  ),
  SUM(CASE WHEN d3 THEN 1 ELSE 0 END),
  SUM(CASE WHEN d3 AND b3 IS NULL THEN 1 ELSE 0 END),
  SUM(CASE WHEN d3 AND h3 IS NULL THEN 1 ELSE 0 END),
  MIN(CASE WHEN d3 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MAX(CASE WHEN d3 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  SUM(CASE WHEN d4 THEN 1 ELSE 0 END),
  SUM(CASE WHEN d4 AND b4 IS NULL THEN 1 ELSE 0 END),
  SUM(CASE WHEN d4 AND h4 IS NULL THEN 1 ELSE 0 END),
  MIN(CASE WHEN d4 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MAX(CASE WHEN d4 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MIN(
    CASE
      WHEN d4
      THEN CASE WHEN NOT h4 IS NULL THEN CAST(EXTRACT(EPOCH FROM h4) AS DOUBLE PRECISION) END - CASE WHEN NOT b4 IS NULL THEN CAST(EXTRACT(EPOCH FROM b4) AS DOUBLE PRECISION) END
    END
  ),
  MAX(
    CASE
      WHEN d4
      THEN CASE WHEN NOT h4 IS NULL THEN CAST(EXTRACT(EPOCH FROM h4) AS DOUBLE PRECISION) END - CASE WHEN NOT b4 IS NULL THEN CAST(EXTRACT(EPOCH FROM b4) AS DOUBLE PRECISION) END
    END
  ),
  COUNT(
    CASE
      WHEN d4
      THEN CASE WHEN NOT h4 IS NULL THEN CAST(EXTRACT(EPOCH FROM h4) AS DOUBLE PRECISION) END - CASE WHEN NOT b4 IS NULL THEN CAST(EXTRACT(EPOCH FROM b4) AS DOUBLE PRECISION) END
    END
  ),
  SUM(CASE WHEN d5 THEN 1 ELSE 0 END),
  SUM(CASE WHEN d5 AND b5 IS NULL THEN 1 ELSE 0 END),
  SUM(CASE WHEN d5 AND h5 IS NULL THEN 1 ELSE 0 END),
  MIN(CASE WHEN d5 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MAX(CASE WHEN d5 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MIN(
    CASE
      WHEN d5
      THEN CASE WHEN NOT h5 IS NULL THEN CAST(EXTRACT(EPOCH FROM h5) AS DOUBLE PRECISION) END - CASE WHEN NOT b5 IS NULL THEN CAST(EXTRACT(EPOCH FROM b5) AS DOUBLE PRECISION) END
    END
  ),
  MAX(
    CASE
      WHEN d5
      THEN CASE WHEN NOT h5 IS NULL THEN CAST(EXTRACT(EPOCH FROM h5) AS DOUBLE PRECISION) END - CASE WHEN NOT b5 IS NULL THEN CAST(EXTRACT(EPOCH FROM b5) AS DOUBLE PRECISION) END
    END
  ),
  COUNT(
    CASE
      WHEN d5
      THEN CASE WHEN NOT h5 IS NULL THEN CAST(EXTRACT(EPOCH FROM h5) AS DOUBLE PRECISION) END - CASE WHEN NOT b5 IS NULL THEN CAST(EXTRACT(EPOCH FROM b5) AS DOUBLE PRECISION) END
    END
  ),
  SUM(CASE WHEN d6 THEN 1 ELSE 0 END),
  SUM(CASE WHEN d6 AND b6 IS NULL THEN 1 ELSE 0 END),
  SUM(CASE WHEN d6 AND h6 IS NULL THEN 1 ELSE 0 END),
  MIN(CASE WHEN d6 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MAX(CASE WHEN d6 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  SUM(CASE WHEN d7 THEN 1 ELSE 0 END),
  SUM(CASE WHEN d7 AND b7 IS NULL THEN 1 ELSE 0 END),
  SUM(CASE WHEN d7 AND h7 IS NULL THEN 1 ELSE 0 END),
  MIN(CASE WHEN d7 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END),
  MAX(CASE WHEN d7 THEN CAST(bk0 AS VARCHAR(MAX)) || ', ' || '•••' END)
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
    b.v1 AS b1,
    h.v1 AS h1,
    NOT b.k0 IS NULL
    AND NOT h.k0 IS NULL
    AND (
      (
        b.v1 IS NULL
      ) <> (
        h.v1 IS NULL
      ) OR COALESCE(b.v1 <> h.v1, FALSE)
    )
    AND NOT CASE
      WHEN ABS(CAST(b.v1 AS DOUBLE PRECISION)) < 1e150
      AND ABS(CAST(h.v1 AS DOUBLE PRECISION)) < 1e150
      THEN ABS(CAST(h.v1 AS DOUBLE PRECISION) - CAST(b.v1 AS DOUBLE PRECISION)) <= 5e-10 * (
        ABS(CAST(b.v1 AS DOUBLE PRECISION)) + ABS(CAST(h.v1 AS DOUBLE PRECISION))
      )
      ELSE FALSE
    END AS d1,
    b.v2 AS b2,
    h.v2 AS h2,
    NOT b.k0 IS NULL
    AND NOT h.k0 IS NULL
    AND (
      (
        b.v2 IS NULL
      ) <> (
        h.v2 IS NULL
      ) OR COALESCE(b.v2 <> h.v2, FALSE)
    ) AS d2,
    b.v3 AS b3,
    h.v3 AS h3,
    NOT b.k0 IS NULL
    AND NOT h.k0 IS NULL
    AND (
      (
        b.v3 IS NULL
      ) <> (
        h.v3 IS NULL
      ) OR COALESCE(b.v3 <> h.v3, FALSE)
    ) AS d3,
    b.v4 AS b4,
    h.v4 AS h4,
    NOT b.k0 IS NULL
    AND NOT h.k0 IS NULL
    AND (
      (
        b.v4 IS NULL
      ) <> (
        h.v4 IS NULL
      ) OR COALESCE(b.v4 <> h.v4, FALSE)
    ) AS d4,
    b.v5 AS b5,
    h.v5 AS h5,
    NOT b.k0 IS NULL
    AND NOT h.k0 IS NULL
    AND (
      (
        b.v5 IS NULL
      ) <> (
        h.v5 IS NULL
      ) OR COALESCE(b.v5 <> h.v5, FALSE)
    ) AS d5,
    b.v6 AS b6,
    h.v6 AS h6,
    NOT b.k0 IS NULL
    AND NOT h.k0 IS NULL
    AND (
      (
        b.v6 IS NULL
      ) <> (
        h.v6 IS NULL
      ) OR COALESCE(b.v6 <> h.v6, FALSE)
    ) AS d6,
    b.v7 AS b7,
    h.v7 AS h7,
    NOT b.k0 IS NULL
    AND NOT h.k0 IS NULL
    AND (
      (
        b.v7 IS NULL
      ) <> (
        h.v7 IS NULL
      ) OR COALESCE(b.v7 <> h.v7, FALSE)
    ) AS d7
  FROM (
    SELECT
      "t"."id" AS k0,
      "t"."shop" AS k1,
      CAST("t"."amount" AS DECIMAL(14, 4)) AS v0,
      "t"."ratio" AS v1,
      "t"."name" AS v2,
      "t"."is_open" AS v3,
      "t"."born" AS v4,
      "t"."placed_at" AS v5,
      JSON_SERIALIZE("t"."doc") AS v6,
      FROM_VARBYTE("t"."raw", 'hex') AS v7
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
      "t"."ratio" AS v1,
      "t"."name" AS v2,
      "t"."is_open" AS v3,
      "t"."born" AS v4,
      "t"."placed_at" AS v5,
      JSON_SERIALIZE("t"."doc") AS v6,
      FROM_VARBYTE("t"."raw", 'hex') AS v7
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
