{% set kept = ['id', 'name', 'cost', 'perishable'] %}
select
    {% for column in kept -%}
    supplies.{{ column }} as supply_{{ column }},
    {% endfor -%}
    product_name,
    product_price
from {{ ref('stg_supplies') }} as supplies
inner join {{ ref('stg_products') }} as products
    on supplies.sku = products.product_id
