with firsts as (
    select customer_id, date_trunc('month', min(ordered_at)) as cohort_month
    from orders
    group by customer_id
)
select
    f.cohort_month,
    date_diff('month', f.cohort_month, o.ordered_at) as months_later,
    count(distinct o.customer_id) as customers
from orders as o
inner join firsts as f on f.customer_id = o.customer_id
group by f.cohort_month, months_later
