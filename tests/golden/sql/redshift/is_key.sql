SELECT COUNT(*), COUNT("id") FROM "acme"."shop"."Orders"
;
SELECT 1 FROM "acme"."shop"."Orders" GROUP BY "id" HAVING COUNT(*) > 1 LIMIT 1
