-- to integer
SELECT COUNT_IF(NOT "ratio" IS NULL AND (TRY_CAST("ratio" AS INT) IS NULL OR TRY_CAST(TRY_CAST("ratio" AS INT) AS DOUBLE) IS DISTINCT FROM "ratio")) FROM "shop"."Orders"
;
-- to numeric(9,2)
SELECT COUNT_IF(NOT "ratio" IS NULL AND (TRY_CAST("ratio" AS DECIMAL(9, 2)) IS NULL OR TRY_CAST(TRY_CAST("ratio" AS DECIMAL(9, 2)) AS DOUBLE) IS DISTINCT FROM "ratio")) FROM "shop"."Orders"
;
-- to real
SELECT COUNT_IF(NOT "ratio" IS NULL AND (TRY_CAST("ratio" AS REAL) IS NULL OR TRY_CAST(TRY_CAST("ratio" AS REAL) AS DOUBLE) IS DISTINCT FROM "ratio")) FROM "shop"."Orders"
