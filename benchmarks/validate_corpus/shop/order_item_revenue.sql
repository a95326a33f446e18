select
    i.order_id,
    i.line_number,
    p.product_name,
    p.category,
    i.quantity * i.unit_price as line_amount,
    p.attributes.color as color,
    list_contains(p.tags, 'sale') as is_on_sale
from order_items as i
inner join products as p on p.product_id = i.product_id
