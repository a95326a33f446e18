select
    customer_id,
    count(*) as order_count,
    cast(sum(case when status <> 'cancelled' then order_total else 0 end) as decimal(12, 2)) as lifetime_value,
    min(ordered_at) as first_ordered_at,
    max(ordered_at) as last_ordered_at
from {{ ref('int_orders_enriched') }}
group by customer_id
