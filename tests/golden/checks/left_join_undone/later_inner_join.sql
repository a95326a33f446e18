-- orders: id integer, customer_id integer
-- customers: id integer, region_id integer
-- regions: id integer, name varchar
select o.id, r.name
from orders as o
left join customers as c on c.id = o.customer_id
inner join regions as r on r.id = c.region_id
