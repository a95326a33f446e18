-- Paths into a VARIANT, FLATTEN with and without TABLE.
-- dialect: snowflake
-- relation: RAW.SHOP.ORDERS (ID NUMBER(38,0) not null, CUSTOMER_ID NUMBER(38,0), AMOUNT NUMBER(10,2), NOTE VARCHAR, PAYLOAD VARIANT, ORDERED_AT TIMESTAMP_NTZ) unique (ID)
-- relation: RAW.SHOP.CUSTOMERS (ID NUMBER(38,0), NAME VARCHAR, "Home Town" VARCHAR, "id" VARCHAR) unique (ID)
select o.payload:customer.name::varchar as name, f.value:sku::varchar as sku, f.index, g.value as tag
from raw.shop.orders o,
  lateral flatten(input => o.payload:items) f,
  table(flatten(o.payload:tags)) g
