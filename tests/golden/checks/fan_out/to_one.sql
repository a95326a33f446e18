-- orders: id integer unique, customer_id integer, amount decimal(10,2)
-- customers: id integer unique, region varchar
select c.region, sum(o.amount) as total
from orders as o
left join customers as c on c.id = o.customer_id
group by c.region
