select
    c.country,
    ntile(4) over (order by sum(o.amount)) as quartile,
    sum(o.amount) as amount,
    count(*) filter (where o.status = 'returned') as returned_orders,
    median(o.amount) as median_amount,
    quantile_cont(o.amount, 0.9) as p90_amount
from orders as o
inner join customers as c on c.customer_id = o.customer_id
group by c.country
