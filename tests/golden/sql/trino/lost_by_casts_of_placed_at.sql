-- to date
SELECT COUNT_IF(NOT "placed_at" IS NULL AND (TRY_CAST("placed_at" AS DATE) IS NULL OR TRY_CAST(TRY_CAST("placed_at" AS DATE) AS TIMESTAMP(6)) IS DISTINCT FROM "placed_at")) FROM "acme"."shop"."Orders"
