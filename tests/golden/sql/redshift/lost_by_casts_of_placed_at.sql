-- to date
SELECT SUM(CASE WHEN NOT "placed_at" IS NULL AND (CAST("placed_at" AS DATE) IS NULL OR ((CAST(CAST("placed_at" AS DATE) AS TIMESTAMP) IS NULL) <> ("placed_at" IS NULL) OR COALESCE(CAST(CAST("placed_at" AS DATE) AS TIMESTAMP) <> "placed_at", FALSE))) THEN 1 ELSE 0 END) FROM "acme"."shop"."Orders"
