-- orders: order_id integer, note varchar
-- items: order_id varchar, sku varchar
select sku
from orders
join items using (order_id)
