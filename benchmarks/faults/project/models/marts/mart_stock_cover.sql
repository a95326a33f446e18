select
    stock.sku,
    products.product_name,
    sum(stock.on_hand) as on_hand,
    sum(stock.safety_stock) as safety_stock,
    sum(stock.on_hand) < sum(stock.safety_stock) as is_short
from {{ ref('stg_erp__stock_levels') }} as stock
inner join {{ ref('dim_products') }} as products on stock.sku = products.sku
group by stock.sku, products.product_name
