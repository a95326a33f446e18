-- orders: id integer, customer_id integer, status varchar, day date
select
    customer_id,
    string_agg(status, ', ') as statuses,
    array_agg(id) as ids,
    first(status) as first_status
from orders
group by customer_id
