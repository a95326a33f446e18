-- Snowflake raises bare names; a quoted lower-case name is another column.
-- dialect: snowflake
-- relation: RAW.SHOP.ORDERS (ID NUMBER(38,0) not null, CUSTOMER_ID NUMBER(38,0), AMOUNT NUMBER(10,2), NOTE VARCHAR, PAYLOAD VARIANT, ORDERED_AT TIMESTAMP_NTZ) unique (ID)
-- relation: RAW.SHOP.CUSTOMERS (ID NUMBER(38,0), NAME VARCHAR, "Home Town" VARCHAR, "id" VARCHAR) unique (ID)
select c.id, c."id" as other, "Home Town", Name as "Name", c.nmae
from raw.shop.customers c
