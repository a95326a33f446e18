-- Quoted names with capitals and spaces.

create table "Sales Log" ("Id" integer, "Net Value" integer, "Região" text);
insert into "Sales Log" values (1, 10, 'sul'), (2, 25, 'norte'), (3, 70, 'sul');

-- query
select "Id", "Net Value" as "net value", s."Região" as "Área", "Net Value" * 2 as double from "Sales Log" as s

-- lineage
-- Id <- "Sales Log".Id
-- "net value" <- "Sales Log"."Net Value"
-- Área <- "Sales Log".Região
-- double <- "Sales Log"."Net Value"
-- (rows) <-
