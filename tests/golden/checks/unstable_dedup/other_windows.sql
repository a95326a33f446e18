-- orders: id integer unique, customer_id integer, amount decimal(10,2), day date
select
    id,
    sum(amount) over (partition by customer_id order by day) as running,
    rank() over (partition by customer_id order by amount desc) as place,
    count(*) over (partition by customer_id) as orders
from orders
