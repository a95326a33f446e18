-- to integer
SELECT SUM(CASE WHEN NOT "is_open" IS NULL AND (CAST("is_open" AS INTEGER) IS NULL OR ((CAST(CAST("is_open" AS INTEGER) AS BOOLEAN) IS NULL) <> ("is_open" IS NULL) OR COALESCE(CAST(CAST("is_open" AS INTEGER) AS BOOLEAN) <> "is_open", FALSE))) THEN 1 ELSE 0 END) FROM "acme"."shop"."Orders"
