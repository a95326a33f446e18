-- orders: id integer, customer_id varchar
-- customers: id integer, since date
select o.id, c.since
from orders as o
join customers as c on c.id = o.customer_id
