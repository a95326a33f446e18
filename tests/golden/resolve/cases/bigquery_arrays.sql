-- UNNEST of structs: the alias is the item, its fields are columns too.
-- dialect: bigquery
-- relation: shop.raw.orders (id INT64, customer STRUCT<id INT64, name STRING>, items ARRAY<STRUCT<sku STRING, n INT64>>, tags ARRAY<STRING>, at TIMESTAMP) unique (id)
-- relation: shop.raw.Orders_2 (id INT64)
select o.id, customer.name, item.sku, n, tag, offset_ as place, o.tags[offset(0)] as first_tag
from shop.raw.orders as o, unnest(o.items) as item, unnest(tags) as tag with offset as offset_
