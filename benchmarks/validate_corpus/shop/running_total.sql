select
    order_id,
    customer_id,
    ordered_at,
    sum(amount) over w as running_amount,
    avg(amount) over (order by ordered_at rows between 6 preceding and current row) as moving_average
from orders
window w as (partition by customer_id order by ordered_at, order_id)
