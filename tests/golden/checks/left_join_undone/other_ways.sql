-- orders: id integer, customer_id integer, ordered_at timestamp
-- customers: id integer, region varchar, is_deleted boolean, since timestamp
select o.id
from orders as o
left join customers as c on c.id = o.customer_id
where c.region is distinct from 'EU'
    and (not c.is_deleted or c.is_deleted is null)
    and case when c.region = 'US' then true else o.id > 1 end
    and nullif(coalesce(c.region, 'x'), 'y') = 'x'
