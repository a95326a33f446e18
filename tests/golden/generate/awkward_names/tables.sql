-- Names that need quoting, escaping or numbering; dbt builds them all.
create schema "raw_Odd One";
create table "raw_Odd One"."Sales Orders" as
select
    i as "order", i as "we{{ird", i as "it's", i as "a ""b""", i as "größe", i as "名前", i as "2nd", i as "User Name",
    i as "USER-NAME", i as "select", i as "{# c #}", i as "true", i as "a%b"
from range(50) r(i);
create table "raw_Odd One"."sales_orders" as select i as "Id" from range(50) r(i);
create table "raw_Odd One"."quote""d" as select 1 as id;
