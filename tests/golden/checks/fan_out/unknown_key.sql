-- orders: id integer unique, amount decimal(10,2)
-- notes: order_id integer, note varchar
select sum(o.amount) as total
from orders as o
left join notes as n on n.order_id = o.id
