-- orders: id integer, customer_id integer
-- customers: id integer, region varchar, joined timestamp
select o.id
from orders as o
left join customers as c on c.id = o.customer_id
where lower(c.region) in ('eu', 'us') or o.id = 1

union all

select o.id
from orders as o
left join customers as c on c.id = o.customer_id
where lower(c.region) in ('eu', 'us')
