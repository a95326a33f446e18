SELECT COUNT(*) FROM "shop"."Orders"
;
SELECT COUNT("id"), APPROX_COUNT_DISTINCT("id"), CAST(MIN("id") AS TEXT), CAST(MAX("id") AS TEXT), AVG(CAST("id" AS DOUBLE)), STDDEV_SAMP(CAST("id" AS DOUBLE)), APPROX_QUANTILE(CAST("id" AS DOUBLE), [0.05, 0.25, 0.5, 0.75, 0.95]) FILTER(WHERE (HASH(rowid) % 61) = 0), COUNT("small"), APPROX_COUNT_DISTINCT("small"), CAST(MIN("small") AS TEXT), CAST(MAX("small") AS TEXT), AVG(CAST("small" AS DOUBLE)), STDDEV_SAMP(CAST("small" AS DOUBLE)), APPROX_QUANTILE(CAST("small" AS DOUBLE), [0.05, 0.25, 0.5, 0.75, 0.95]) FILTER(WHERE (HASH(rowid) % 61) = 0), COUNT("price"), APPROX_COUNT_DISTINCT("price"), CAST(MIN("price") AS TEXT), CAST(MAX("price") AS TEXT), AVG(CASE WHEN ISFINITE(CAST("price" AS DOUBLE)) AND ABS(CAST("price" AS DOUBLE)) < 1e150 THEN CAST("price" AS DOUBLE) END), STDDEV_SAMP(CASE WHEN ISFINITE(CAST("price" AS DOUBLE)) AND ABS(CAST("price" AS DOUBLE)) < 1e150 THEN CAST("price" AS DOUBLE) END), APPROX_QUANTILE(CASE WHEN ISFINITE(CAST("price" AS DOUBLE)) AND ABS(CAST("price" AS DOUBLE)) < 1e150 THEN CAST("price" AS DOUBLE) END, [0.05, 0.25, 0.5, 0.75, 0.95]) FILTER(WHERE (HASH(rowid) % 61) = 0), COUNT("ratio"), APPROX_COUNT_DISTINCT("ratio"), CAST(MIN("ratio") AS TEXT), CAST(MAX("ratio") AS TEXT), AVG(CASE WHEN ISFINITE(CAST("ratio" AS DOUBLE)) AND ABS(CAST("ratio" AS DOUBLE)) < 1e150 THEN CAST("ratio" AS DOUBLE) END), STDDEV_SAMP(CASE WHEN ISFINITE(CAST("ratio" AS DOUBLE)) AND ABS(CAST("ratio" AS DOUBLE)) < 1e150 THEN CAST("ratio" AS DOUBLE) END), APPROX_QUANTILE(CASE WHEN ISFINITE(CAST("ratio" AS DOUBLE)) AND ABS(CAST("ratio" AS DOUBLE)) < 1e150 THEN CAST("ratio" AS DOUBLE) END, [0.05, 0.25, 0.5, 0.75, 0.95]) FILTER(WHERE (HASH(rowid) % 61) = 0), COUNT("name"), APPROX_COUNT_DISTINCT("name"), MIN(LENGTH("name")), MAX(LENGTH("name")), AVG(LENGTH("name")), COUNT("is_open"), APPROX_COUNT_DISTINCT("is_open"), CAST(MIN("is_open") AS TEXT), CAST(MAX("is_open") AS TEXT), COUNT("born"), APPROX_COUNT_DISTINCT("born"), CAST(MIN("born") AS TEXT), CAST(MAX("born") AS TEXT), APPROX_QUANTILE(CASE WHEN ISFINITE("born") THEN EPOCH("born") END, [0.05, 0.25, 0.5, 0.75, 0.95]) FILTER(WHERE (HASH(rowid) % 61) = 0), COUNT("placed_at"), APPROX_COUNT_DISTINCT("placed_at"), CAST(MIN("placed_at") AS TEXT), CAST(MAX("placed_at") AS TEXT), APPROX_QUANTILE(CASE WHEN ISFINITE("placed_at") THEN EPOCH("placed_at") END, [0.05, 0.25, 0.5, 0.75, 0.95]) FILTER(WHERE (HASH(rowid) % 61) = 0), COUNT("paid_at"), APPROX_COUNT_DISTINCT("paid_at"), CAST(MIN("paid_at") AS TEXT), CAST(MAX("paid_at") AS TEXT), APPROX_QUANTILE(CASE WHEN ISFINITE("paid_at") THEN EPOCH("paid_at") END, [0.05, 0.25, 0.5, 0.75, 0.95]) FILTER(WHERE (HASH(rowid) % 61) = 0), COUNT("key"), APPROX_COUNT_DISTINCT("key"), COUNT("doc"), COUNT("tags") FROM "shop"."Orders"
;
CREATE OR REPLACE TEMPORARY TABLE _aidbt_sample AS SELECT "id", "small", "price", "ratio", "name", "is_open", "born", "placed_at", "paid_at", "key", "doc", "tags" FROM "shop"."Orders" TABLESAMPLE SYSTEM (1.000000 PERCENT) REPEATABLE (42)
;
select count(*) from _aidbt_sample
;
SELECT CAST("name" AS TEXT), CAST(COUNT(*) AS DOUBLE) / SUM(COUNT(*)) OVER () FROM _aidbt_sample WHERE NOT "name" IS NULL GROUP BY "name" ORDER BY 2 DESC, 1 NULLS FIRST LIMIT 10
;
SELECT CAST("is_open" AS TEXT), CAST(COUNT(*) AS DOUBLE) / SUM(COUNT(*)) OVER () FROM _aidbt_sample WHERE NOT "is_open" IS NULL GROUP BY "is_open" ORDER BY 2 DESC, 1 NULLS FIRST LIMIT 10
;
SELECT CAST(COUNT_IF(REGEXP_FULL_MATCH("name", '[+-]?[0-9]+')) AS DOUBLE) / NULLIF(COUNT("name"), 0), CAST(COUNT_IF(REGEXP_FULL_MATCH("name", '[+-]?([0-9]+[.][0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?')) AS DOUBLE) / NULLIF(COUNT("name"), 0), CAST(COUNT_IF(LEFT(LTRIM("name"), 1) IN ('{', '[') AND JSON_VALID("name")) AS DOUBLE) / NULLIF(COUNT("name"), 0) FROM (SELECT * FROM _aidbt_sample LIMIT 500) AS few
;
SELECT CAST(COUNT_IF(REGEXP_FULL_MATCH("name", '[+-]?[0-9]+')) AS DOUBLE) / NULLIF(COUNT("name"), 0), CAST(COUNT_IF(REGEXP_FULL_MATCH("name", '[+-]?([0-9]+[.][0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?')) AS DOUBLE) / NULLIF(COUNT("name"), 0), CAST(COUNT_IF(LEFT(LTRIM("name"), 1) IN ('{', '[') AND JSON_VALID("name")) AS DOUBLE) / NULLIF(COUNT("name"), 0) FROM _aidbt_sample
;
SELECT LEFT(CAST("id" AS TEXT), 200), LEFT(CAST("small" AS TEXT), 200), LEFT(CAST("price" AS TEXT), 200), LEFT(CAST("ratio" AS TEXT), 200), LEFT(CAST("name" AS TEXT), 200) FROM _aidbt_sample LIMIT 200
;
SELECT LEFT(CAST("id" AS TEXT), 200) FROM _aidbt_sample WHERE NOT "id" IS NULL LIMIT 200
;
SELECT LEFT(CAST("small" AS TEXT), 200) FROM _aidbt_sample WHERE NOT "small" IS NULL LIMIT 200
;
SELECT LEFT(CAST("price" AS TEXT), 200) FROM _aidbt_sample WHERE NOT "price" IS NULL LIMIT 200
;
SELECT LEFT(CAST("ratio" AS TEXT), 200) FROM _aidbt_sample WHERE NOT "ratio" IS NULL LIMIT 200
;
SELECT LEFT(CAST("name" AS TEXT), 200) FROM _aidbt_sample WHERE NOT "name" IS NULL LIMIT 200
;
SELECT COUNT(DISTINCT "id") < COUNT(*), COUNT(DISTINCT "small") < COUNT(*), COUNT(DISTINCT "price") < COUNT(*), COUNT(DISTINCT "key") < COUNT(*) FROM _aidbt_sample
;
drop table if exists temp._aidbt_sample
