SELECT DISTINCT
  FARMFINGERPRINT64(
    CAST(COALESCE(CAST(bk0 AS VARCHAR(MAX)), '~') || '|' || COALESCE(
      CAST(LENGTH(CAST(bk1 AS VARCHAR(MAX))) AS VARCHAR(MAX)) || ':' || CAST(bk1 AS VARCHAR(MAX)),
      '~'
    ) || '|' AS VARCHAR(MAX))
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
WHERE
  s
LIMIT 100
