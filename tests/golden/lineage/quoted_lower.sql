-- Quoted lower-case names.

-- query
select "o"."id", "o"."amount" as "total" from "orders" as "o"

-- lineage
-- id <- orders.id
-- total <- orders.amount
-- (rows) <-
