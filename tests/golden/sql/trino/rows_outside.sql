SELECT 0, COUNT(*) FROM "acme"."shop"."Orders" AS child WHERE NOT "child"."id" IS NULL AND NOT EXISTS(SELECT 1 FROM "acme"."shop"."customers" AS parent WHERE "parent"."id" = "child"."id")
