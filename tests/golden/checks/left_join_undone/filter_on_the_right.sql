-- orders: id integer, customer_id integer
-- customers: id integer, region varchar
select o.id
from orders as o
left join customers as c on c.id = o.customer_id
where c.region = 'EU' and o.id > 10
