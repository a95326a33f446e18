-- dialect: bigquery
-- orders: id integer, items array<struct<sku string>>
select o.id, i.sku
from main.orders as o, o.items as i
