-- BigQuery minds the case of tables, not that of columns.
-- dialect: bigquery
-- relation: shop.raw.orders (id INT64, customer STRUCT<id INT64, name STRING>, items ARRAY<STRUCT<sku STRING, n INT64>>, tags ARRAY<STRING>, at TIMESTAMP) unique (id)
-- relation: shop.raw.Orders_2 (id INT64)
select ID from shop.raw.orders_2 union all select Id from shop.raw.Orders_2
