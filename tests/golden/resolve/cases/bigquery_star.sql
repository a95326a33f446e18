-- EXCEPT and REPLACE.
-- dialect: bigquery
-- relation: shop.raw.orders (id INT64, customer STRUCT<id INT64, name STRING>, items ARRAY<STRUCT<sku STRING, n INT64>>, tags ARRAY<STRING>, at TIMESTAMP) unique (id)
-- relation: shop.raw.Orders_2 (id INT64)
select * except (items, tags) replace (customer.id as customer) from raw.orders where _partitiontime > timestamp '2020-01-01'
