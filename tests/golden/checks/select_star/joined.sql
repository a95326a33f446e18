-- orders: id integer, customer_id integer
-- customers: customer_key integer, region varchar
select o.*, c.region
from orders as o
left join customers as c on c.customer_key = o.customer_id
