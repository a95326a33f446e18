with orders as (
    select * from orders
),
totals as (
    select
        customer_id,
        count(*) as order_count,
        sum(amount) as lifetime_amount,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at
    from orders
    where status <> 'returned'
    group by customer_id
)
select
    customers.customer_id,
    customers.email,
    coalesce(totals.order_count, 0) as order_count,
    coalesce(totals.lifetime_amount, 0) as lifetime_amount,
    totals.first_ordered_at,
    totals.last_ordered_at
from customers
left join totals on customers.customer_id = totals.customer_id
