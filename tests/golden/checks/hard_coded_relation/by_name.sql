-- orders: id integer
-- customers: id integer
-- reads: customers
select o.id
from main.orders as o
join customers as c on c.id = o.id
join raw.crm.refunds as r on r.order_id = o.id
