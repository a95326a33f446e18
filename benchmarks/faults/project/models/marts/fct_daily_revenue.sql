select
    ordered_date,
    count(*) as order_count,
    cast(sum(order_total) as decimal(14, 2)) as revenue,
    cast(sum(paid_amount) as decimal(14, 2)) as paid,
    cast(sum(cost_amount) as decimal(14, 2)) as cost
from {{ ref('int_orders_enriched') }}
where status <> 'cancelled'
group by ordered_date
