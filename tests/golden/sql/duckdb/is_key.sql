SELECT COUNT(*), COUNT("id") FROM "shop"."Orders"
;
SELECT HASH("id") FROM "shop"."Orders" GROUP BY HASH("id") HAVING COUNT(*) > 1 LIMIT 100
