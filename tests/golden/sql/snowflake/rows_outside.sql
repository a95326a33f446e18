SELECT 0, COUNT(*) FROM "acme"."shop"."Orders" AS child WHERE NOT "child"."ID" IS NULL AND NOT EXISTS(SELECT 1 FROM "acme"."shop"."customers" AS parent WHERE "parent"."ID" = "child"."ID")
