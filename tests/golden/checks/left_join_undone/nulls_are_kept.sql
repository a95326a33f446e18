-- orders: id integer, customer_id integer, status varchar
-- customers: id integer, region varchar, is_active boolean
select o.id
from orders as o
left join customers as c on c.id = o.customer_id and c.is_active
where o.status != 'test'
    and coalesce(c.region, 'none') = 'none'
    and (c.region = 'EU' or c.id is null)
