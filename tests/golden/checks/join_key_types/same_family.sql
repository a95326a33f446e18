-- orders: id integer, customer_id bigint, ordered_at timestamp, code uuid
-- customers: id integer, since date, ref varchar
select o.id
from orders as o
join customers as c
    on c.id = o.customer_id
    and c.since = cast(o.ordered_at as date)
    and c.ref = cast(o.code as varchar)
    and c.id = 7
    and c.ref = 'x'
