SELECT COUNT(*), COUNT("ID") FROM "acme"."shop"."Orders"
;
SELECT 1 FROM "acme"."shop"."Orders" GROUP BY "ID" HAVING COUNT(*) > 1 LIMIT 1
