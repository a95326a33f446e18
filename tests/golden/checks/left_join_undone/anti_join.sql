-- orders: id integer, customer_id integer
-- blocked: customer_id integer, since date
select o.id
from orders as o
left join blocked as b on b.customer_id = o.customer_id
where b.customer_id is null
