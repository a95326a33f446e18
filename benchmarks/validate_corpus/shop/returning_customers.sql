select c.customer_id, c.first_name || ' ' || c.last_name as full_name
from customers as c
where exists (
    select 1
    from orders as o
    where o.customer_id = c.customer_id and o.ordered_at >= c.created_at + interval 30 day
)
    and c.customer_id not in (select r.customer_id from orders as r where r.status = 'returned' and r.amount > 80)
