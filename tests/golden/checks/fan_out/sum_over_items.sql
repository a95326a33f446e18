-- orders: id integer unique, amount decimal(10,2)
-- items: id integer unique, order_id integer
select sum(o.amount) as total
from orders as o
join items as i on i.order_id = o.id
