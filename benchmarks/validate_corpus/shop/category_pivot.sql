select *
from (
    select p.category, o.status, i.quantity
    from order_items as i
    inner join orders as o on o.order_id = i.order_id
    inner join products as p on p.product_id = i.product_id
)
pivot (sum(quantity) for status in ('placed', 'shipped', 'returned'))
