-- orders: id integer, customer_id integer, status varchar, day date
select
    customer_id,
    string_agg(status, ', ' order by day, id) as statuses,
    array_agg(id order by id) as ids,
    list_sort(list(id)) as sorted_ids,
    first(status order by day, id) as first_status,
    max(status) as last_by_name,
    any_value(status) as some_status
from orders
group by customer_id
