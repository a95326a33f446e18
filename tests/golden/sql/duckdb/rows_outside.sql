SELECT COUNT_IF(NOT "id" IS NULL AND NOT "id" IN (SELECT "id" FROM "shop"."customers" WHERE NOT "id" IS NULL)) FROM "shop"."Orders"
