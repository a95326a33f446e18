-- orders: id integer unique, amount decimal(10,2)
-- items: id integer unique, order_id integer
with per_order as (
    select order_id, count(*) as items
    from items
    group by order_id
)
select sum(o.amount) as total, sum(p.items) as items
from orders as o
left join per_order as p on p.order_id = o.id
