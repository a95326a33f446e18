-- Aliases of the same SELECT in WHERE and QUALIFY.
-- dialect: snowflake
-- relation: RAW.SHOP.ORDERS (ID NUMBER(38,0) not null, CUSTOMER_ID NUMBER(38,0), AMOUNT NUMBER(10,2), NOTE VARCHAR, PAYLOAD VARIANT, ORDERED_AT TIMESTAMP_NTZ) unique (ID)
-- relation: RAW.SHOP.CUSTOMERS (ID NUMBER(38,0), NAME VARCHAR, "Home Town" VARCHAR, "id" VARCHAR) unique (ID)
select customer_id, amount * 2 as twice, twice + 1 as more,
  row_number() over (partition by customer_id order by ordered_at) as rn
from raw.shop.orders
where twice > 10
qualify rn = 1
