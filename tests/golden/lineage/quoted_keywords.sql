-- Keywords as names.

create table "order" ("select" integer, "from" integer, "group" text);
insert into "order" values (1, 10, 'a'), (2, 25, 'b'), (3, 70, 'a');

-- query
select "select", "from" as "where", "group" || 'x' as "having" from "order"

-- lineage
-- select <- order.select
-- where <- order.from
-- having <- order.group
-- (rows) <-
