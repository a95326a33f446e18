-- to integer
SELECT COUNT(*) FILTER(WHERE NOT "is_open" IS NULL AND (CAST("is_open" AS INT) IS NULL OR CAST(CAST("is_open" AS INT) AS BOOLEAN) IS DISTINCT FROM "is_open")) FROM "shop"."Orders"
