select sku, price, cost
from {{ ref('dim_products') }}
where cost >= price
