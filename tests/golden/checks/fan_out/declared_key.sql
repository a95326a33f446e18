-- orders: id integer unique, customer_id integer
-- items: id integer unique, order_id integer
-- unique: id
select o.id, o.customer_id
from orders as o
left join items as i on i.order_id = o.id
