SELECT
  COUNT(*),
  COUNT(*) FILTER(WHERE
    is_added),
  COUNT(*) FILTER(WHERE
    is_removed),
  COUNT(*) FILTER(WHERE
    (
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
    )),
  0,
  COUNT(
    DISTINCT CASE
      WHEN is_added
      THEN HASHTEXTEXTENDED(
        CAST(COALESCE(CAST(hk0 AS TEXT), '~') || '|' || COALESCE(CAST(LENGTH(CAST(hk1 AS TEXT)) AS TEXT) || ':' || CAST(hk1 AS TEXT), '~') || '|' AS TEXT),
        0
      )
    END
  ),
  COUNT(
    DISTINCT CASE
      WHEN is_removed
      THEN HASHTEXTEXTENDED(
        CAST(COALESCE(CAST(bk0 AS TEXT), '~') || '|' || COALESCE(CAST(LENGTH(CAST(bk1 AS TEXT)) AS TEXT) || ':' || CAST(bk1 AS TEXT), '~') || '|' AS TEXT),
        0
      )
    END
  ),
  MIN(CASE WHEN is_added THEN CAST(hk0 AS TEXT) || ', ' || '•••' END),
  MAX(CASE WHEN is_added THEN CAST(hk0 AS TEXT) || ', ' || '•••' END),
  MIN(CASE WHEN is_removed THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  MAX(CASE WHEN is_removed THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
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
      THEN CAST(bk0 AS TEXT) || ', ' || '•••'
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
      THEN CAST(bk0 AS TEXT) || ', ' || '•••'
    END
  ),
  COUNT(*) FILTER(WHERE
    d0),
  COUNT(*) FILTER(WHERE
    d0 AND b0 IS NULL),
  COUNT(*) FILTER(WHERE
    d0 AND h0 IS NULL),
  MIN(CASE WHEN d0 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  MAX(CASE WHEN d0 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  COUNT(*) FILTER(WHERE
    d0 AND h0 > b0),
  COUNT(*) FILTER(WHERE
    d0 AND h0 < b0),
  AVG(
    CASE
      WHEN d0
      AND ABS(CAST(b0 AS DOUBLE PRECISION)) < 1e150
      AND ABS(CAST(h0 AS DOUBLE PRECISION)) < 1e150
      THEN CAST(h0 AS DOUBLE PRECISION) - CAST(b0 AS DOUBLE PRECISION)
    END
  ),
  MAX(
    CASE
      WHEN d0
      AND ABS(CAST(b0 AS DOUBLE PRECISION)) < 1e150
      AND ABS(CAST(h0 AS DOUBLE PRECISION)) < 1e150
      THEN ABS(CAST(h0 AS DOUBLE PRECISION) - CAST(b0 AS DOUBLE PRECISION))
    END
  ),
  COUNT(*) FILTER(WHERE
    d1),
  COUNT(*) FILTER(WHERE
    d1 AND b1 IS NULL),
  COUNT(*) FILTER(WHERE
    d1 AND h1 IS NULL),
  MIN(CASE WHEN d1 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  MAX(CASE WHEN d1 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  COUNT(*) FILTER(WHERE
    d1
    AND ABS(CAST(b1 AS DOUBLE PRECISION)) < 1e150
    AND ABS(CAST(h1 AS DOUBLE PRECISION)) < 1e150
    AND h1 > b1),
  COUNT(*) FILTER(WHERE
    d1
    AND ABS(CAST(b1 AS DOUBLE PRECISION)) < 1e150
    AND ABS(CAST(h1 AS DOUBLE PRECISION)) < 1e150
    AND h1 < b1),
  AVG(
    CASE
      WHEN d1
      AND ABS(CAST(b1 AS DOUBLE PRECISION)) < 1e150
      AND ABS(CAST(h1 AS DOUBLE PRECISION)) < 1e150
      THEN CAST(h1 AS DOUBLE PRECISION) - CAST(b1 AS DOUBLE PRECISION)
    END
  ),
  MAX(
    CASE
      WHEN d1
      AND ABS(CAST(b1 AS DOUBLE PRECISION)) < 1e150
      AND ABS(CAST(h1 AS DOUBLE PRECISION)) < 1e150
      THEN ABS(CAST(h1 AS DOUBLE PRECISION) - CAST(b1 AS DOUBLE PRECISION))
    END
  ),
  COUNT(*) FILTER(WHERE
    NOT b1 IS NULL AND NOT h1 IS NULL AND b1 IS DISTINCT FROM h1 AND NOT d1),
  COUNT(*) FILTER(WHERE
    d2),
  COUNT(*) FILTER(WHERE
    d2 AND b2 IS NULL),
  COUNT(*) FILTER(WHERE
    d2 AND h2 IS NULL),
  MIN(CASE WHEN d2 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  MAX(CASE WHEN d2 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  COUNT(*) FILTER(WHERE
    CASE
      WHEN d2
      THEN LOWER(REGEXP_REPLACE(b2, '\s+', '', 'g')) = LOWER(REGEXP_REPLACE(h2, '\s+', '', 'g'))
    END),
  COUNT(*) FILTER(WHERE
    d3),
  COUNT(*) FILTER(WHERE
    d3 AND b3 IS NULL),
  COUNT(*) FILTER(WHERE
    d3 AND h3 IS NULL),
  MIN(CASE WHEN d3 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  MAX(CASE WHEN d3 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  COUNT(*) FILTER(WHERE
    d4),
  COUNT(*) FILTER(WHERE
    d4 AND b4 IS NULL),
  COUNT(*) FILTER(WHERE
    d4 AND h4 IS NULL),
  MIN(CASE WHEN d4 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  MAX(CASE WHEN d4 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  MIN(
    CASE
      WHEN d4
      THEN CASE WHEN ISFINITE(h4) THEN CAST(EXTRACT(EPOCH FROM h4) AS DOUBLE PRECISION) END - CASE WHEN ISFINITE(b4) THEN CAST(EXTRACT(EPOCH FROM b4) AS DOUBLE PRECISION) END
    END
  ),
  MAX(
    CASE
      WHEN d4
      THEN CASE WHEN ISFINITE(h4) THEN CAST(EXTRACT(EPOCH FROM h4) AS DOUBLE PRECISION) END - CASE WHEN ISFINITE(b4) THEN CAST(EXTRACT(EPOCH FROM b4) AS DOUBLE PRECISION) END
    END
  ),
  COUNT(
    CASE
      WHEN d4
      THEN CASE WHEN ISFINITE(h4) THEN CAST(EXTRACT(EPOCH FROM h4) AS DOUBLE PRECISION) END - CASE WHEN ISFINITE(b4) THEN CAST(EXTRACT(EPOCH FROM b4) AS DOUBLE PRECISION) END
    END
  ),
  COUNT(*) FILTER(WHERE
    d5),
  COUNT(*) FILTER(WHERE
    d5 AND b5 IS NULL),
  COUNT(*) FILTER(WHERE
    d5 AND h5 IS NULL),
  MIN(CASE WHEN d5 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  MAX(CASE WHEN d5 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  MIN(
    CASE
      WHEN d5
      THEN CASE WHEN ISFINITE(h5) THEN CAST(EXTRACT(EPOCH FROM h5) AS DOUBLE PRECISION) END - CASE WHEN ISFINITE(b5) THEN CAST(EXTRACT(EPOCH FROM b5) AS DOUBLE PRECISION) END
    END
  ),
  MAX(
    CASE
      WHEN d5
      THEN CASE WHEN ISFINITE(h5) THEN CAST(EXTRACT(EPOCH FROM h5) AS DOUBLE PRECISION) END - CASE WHEN ISFINITE(b5) THEN CAST(EXTRACT(EPOCH FROM b5) AS DOUBLE PRECISION) END
    END
  ),
  COUNT(
    CASE
      WHEN d5
      THEN CASE WHEN ISFINITE(h5) THEN CAST(EXTRACT(EPOCH FROM h5) AS DOUBLE PRECISION) END - CASE WHEN ISFINITE(b5) THEN CAST(EXTRACT(EPOCH FROM b5) AS DOUBLE PRECISION) END
    END
  ),
  COUNT(*) FILTER(WHERE
    d6),
  COUNT(*) FILTER(WHERE
    d6 AND b6 IS NULL),
  COUNT(*) FILTER(WHERE
    d6 AND h6 IS NULL),
  MIN(CASE WHEN d6 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  MAX(CASE WHEN d6 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  COUNT(*) FILTER(WHERE
    d7),
  COUNT(*) FILTER(WHERE
    d7 AND b7 IS NULL),
  COUNT(*) FILTER(WHERE
    d7 AND h7 IS NULL),
  MIN(CASE WHEN d7 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END),
  MAX(CASE WHEN d7 THEN CAST(bk0 AS TEXT) || ', ' || '•••' END)
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
    b.v1 AS b1,
    h.v1 AS h1,
    NOT b.k0 IS NULL
    AND NOT h.k0 IS NULL
    AND b.v1 IS DISTINCT FROM h.v1
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
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v2 IS DISTINCT FROM h.v2 AS d2,
    b.v3 AS b3,
    h.v3 AS h3,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v3 IS DISTINCT FROM h.v3 AS d3,
    b.v4 AS b4,
    h.v4 AS h4,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v4 IS DISTINCT FROM h.v4 AS d4,
    b.v5 AS b5,
    h.v5 AS h5,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v5 IS DISTINCT FROM h.v5 AS d5,
    b.v6 AS b6,
    h.v6 AS h6,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v6 IS DISTINCT FROM h.v6 AS d6,
    b.v7 AS b7,
    h.v7 AS h7,
    NOT b.k0 IS NULL AND NOT h.k0 IS NULL AND b.v7 IS DISTINCT FROM h.v7 AS d7
  FROM (
    SELECT
      "t"."id" AS k0,
      "t"."shop" AS k1,
      "t"."amount" AS v0,
      "t"."ratio" AS v1,
      "t"."name" AS v2,
      "t"."is_open" AS v3,
      "t"."born" AS v4,
      "t"."placed_at" AS v5,
      CAST("t"."doc" AS TEXT) AS v6,
      CAST("t"."raw" AS TEXT) AS v7
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
      "t"."amount" AS v0,
      "t"."ratio" AS v1,
      "t"."name" AS v2,
      "t"."is_open" AS v3,
      "t"."born" AS v4,
      "t"."placed_at" AS v5,
      CAST("t"."doc" AS TEXT) AS v6,
      CAST("t"."raw" AS TEXT) AS v7
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
